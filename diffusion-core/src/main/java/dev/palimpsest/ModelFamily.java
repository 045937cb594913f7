package dev.palimpsest;

import dev.palimpsest.errors.UnsupportedModelException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The kinds of checkpoint by the pipeline class that they declare, with diffusers' defaults. */
enum ModelFamily {
  STABLE_DIFFUSION(
      50,
      7.5,
      0.8,
      "StableDiffusionPipeline",
      "StableDiffusionImg2ImgPipeline",
      "StableDiffusionInpaintPipeline",
      "OnnxStableDiffusionPipeline",
      "OnnxStableDiffusionImg2ImgPipeline",
      "OnnxStableDiffusionInpaintPipeline",
      "ORTStableDiffusionPipeline"),
  STABLE_DIFFUSION_XL(
      50,
      5,
      0.3,
      "StableDiffusionXLPipeline",
      "StableDiffusionXLImg2ImgPipeline",
      "StableDiffusionXLInpaintPipeline"),
  LATENT_CONSISTENCY(
      4, 8.5, 0.8, "LatentConsistencyModelPipeline", "LatentConsistencyModelImg2ImgPipeline"),
  DDPM(1000, 1, Double.NaN, "DDPMPipeline"),
  DDIM(50, 1, Double.NaN, "DDIMPipeline");

  private final int steps;
  private final double guidanceScale;
  private final double strength;
  private final List<String> classNames;

  ModelFamily(int steps, double guidanceScale, double strength, String... classNames) {
    this.steps = steps;
    this.guidanceScale = guidanceScale;
    this.strength = strength;
    this.classNames = List.of(classNames);
  }

  /**
   * @throws UnsupportedModelException listing the known classes
   */
  static ModelFamily of(String where, String className) {
    return Arrays.stream(values())
        .filter(family -> family.classNames.contains(className))
        .findFirst()
        .orElseThrow(
            () ->
                new UnsupportedModelException(
                    where
                        + ": pipeline class "
                        + className
                        + " is not supported; supported are "
                        + Arrays.stream(values())
                            .flatMap(family -> family.classNames.stream())
                            .collect(Collectors.joining(", "))));
  }

  int steps() {
    return steps;
  }

  double guidanceScale() {
    return guidanceScale;
  }

  /** Of image-to-image. */
  double strength() {
    return strength;
  }

  boolean hasPrompts() {
    return this != DDPM && this != DDIM;
  }
}
