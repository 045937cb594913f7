package dev.palimpsest.checkpoint;

import com.google.common.collect.ImmutableMap;
import dev.palimpsest.errors.UnsupportedModelException;
import java.util.TreeSet;

/** What a component of a diffusers folder is to this library. */
public enum ComponentKind {
  /** A config and safetensors weights. */
  NETWORK,
  /** A {@code model.onnx}. */
  ONNX,
  SCHEDULER,
  TOKENIZER,
  /** A declared check of finished pictures; its weights are not read. */
  SAFETY_CHECKER,
  /** How pictures are prepared for the safety checker. */
  IMAGE_PROCESSOR;

  /** The classes that a {@code model_index.json} may name. */
  private static final ImmutableMap<String, ComponentKind> CLASSES =
      ImmutableMap.<String, ComponentKind>builder()
          .put("UNet2DConditionModel", NETWORK)
          .put("UNet2DModel", NETWORK)
          .put("AutoencoderKL", NETWORK)
          .put("CLIPTextModel", NETWORK)
          .put("CLIPTextModelWithProjection", NETWORK)
          .put("OnnxRuntimeModel", ONNX)
          .put("ORTModelUnet", ONNX)
          .put("ORTModelVaeDecoder", ONNX)
          .put("ORTModelVaeEncoder", ONNX)
          .put("ORTModelTextEncoder", ONNX)
          .put("CLIPTokenizer", TOKENIZER)
          .put("CLIPTokenizerFast", TOKENIZER)
          .put("StableDiffusionSafetyChecker", SAFETY_CHECKER)
          .put("CLIPFeatureExtractor", IMAGE_PROCESSOR)
          .put("CLIPImageProcessor", IMAGE_PROCESSOR)
          .put("CLIPImageProcessorFast", IMAGE_PROCESSOR)
          .put("CLIPImageProcessorPil", IMAGE_PROCESSOR)
          .buildOrThrow();

  /**
   * @param where the file and component, for the message
   * @throws UnsupportedModelException if the library does not run that class; the message lists
   *     those it does
   */
  static ComponentKind of(String where, String className) {
    ComponentKind kind = CLASSES.get(className);
    if (kind != null) {
      return kind;
    }
    // Which schedulers there are is the scheduler registry's business.
    if (className.endsWith("Scheduler")) {
      return SCHEDULER;
    }
    throw new UnsupportedModelException(
        String.format(
            "%s: class %s is not supported; supported are %s and schedulers",
            where, className, new TreeSet<>(CLASSES.keySet())));
  }
}
