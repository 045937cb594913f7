package dev.palimpsest.checkpoint;

import dev.palimpsest.errors.UnsupportedModelException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The kinds of single-file checkpoints, known by the names of their tensors. */
enum SingleFileFamily {
  STABLE_DIFFUSION_1(
      "StableDiffusion",
      List.of(new Encoder("text_encoder", "tokenizer", "cond_stage_model.transformer.", false)),
      64,
      0.18215),
  STABLE_DIFFUSION_2(
      "StableDiffusion",
      List.of(new Encoder("text_encoder", "tokenizer", "cond_stage_model.model.", true)),
      96,
      0.18215),
  STABLE_DIFFUSION_XL(
      "StableDiffusionXL",
      List.of(
          new Encoder("text_encoder", "tokenizer", "conditioner.embedders.0.transformer.", false),
          new Encoder("text_encoder_2", "tokenizer_2", "conditioner.embedders.1.model.", true)),
      128,
      0.13025);

  static final String UNET = "model.diffusion_model.";
  static final String VAE = "first_stage_model.";

  /**
   * A text encoder in the file.
   *
   * @param prefix of its tensors
   * @param openClip whether they are named as OpenCLIP does
   */
  record Encoder(String component, String tokenizer, String prefix, boolean openClip) {}

  /** What names contain that belong to something else, and what that is. */
  private static final Map<String, String> OTHERS =
      Map.of(
          UNET + "joint_blocks.",
          "Stable Diffusion 3",
          UNET + "double_blocks.",
          "Flux",
          "double_blocks.",
          "Flux",
          "joint_blocks.",
          "Stable Diffusion 3",
          "conditioner.embedders.0.model.",
          "the refiner of Stable Diffusion XL",
          "control_model.",
          "a ControlNet",
          "down_blocks.",
          "a single network under diffusers' names, not a checkpoint",
          "lora_",
          "a LoRA, not a checkpoint");

  private final String pipeline;
  private final List<Encoder> encoders;
  private final int sampleSize;
  private final double scalingFactor;

  SingleFileFamily(String pipeline, List<Encoder> encoders, int sampleSize, double scalingFactor) {
    this.pipeline = pipeline;
    this.encoders = encoders;
    this.sampleSize = sampleSize;
    this.scalingFactor = scalingFactor;
  }

  /**
   * @throws UnsupportedModelException saying what was seen, if it is none of these
   */
  static SingleFileFamily of(Path file, Set<String> names) {
    for (SingleFileFamily family : values()) {
      boolean texts = family.encoders.stream().allMatch(encoder -> starts(names, encoder.prefix));
      if (texts && starts(names, UNET + "input_blocks.") && starts(names, VAE + "decoder.")) {
        return family;
      }
    }
    Optional<String> other =
        OTHERS.entrySet().stream()
            .filter(entry -> starts(names, entry.getKey()))
            .map(Map.Entry::getValue)
            .sorted()
            .findFirst();
    String seen =
        names.stream()
            .map(name -> name.split("\\.", 3))
            .map(parts -> parts.length > 2 ? parts[0] + "." + parts[1] + ".…" : parts[0])
            .collect(Collectors.toCollection(TreeSet::new))
            .stream()
            .limit(12)
            .collect(Collectors.joining(", "));
    throw new UnsupportedModelException(
        String.format(
            "%s: not a checkpoint of Stable Diffusion 1, 2 or XL in one file%s; it holds %s",
            file, other.map(kind -> "; it looks like " + kind).orElse(""), seen));
  }

  private static boolean starts(Set<String> names, String prefix) {
    return names.stream().anyMatch(name -> name.startsWith(prefix));
  }

  /** The pipeline's class; inpainting models take a mask and a masked picture beside the sample. */
  String className(boolean inpainting) {
    return pipeline + (inpainting ? "InpaintPipeline" : "Pipeline");
  }

  List<Encoder> encoders() {
    return encoders;
  }

  /** The native side in latents. */
  int sampleSize() {
    return sampleSize;
  }

  /** Of latents. */
  double scalingFactor() {
    return scalingFactor;
  }
}
