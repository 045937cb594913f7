package dev.palimpsest.lora;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** Writes a LoRA under the names of a format. */
final class LoraWriter {
  /** Ends of tensor names: of unets and of text encoders. */
  private record Names(String down, String up, String magnitude) {}

  private static final Names PEFT =
      new Names(".lora_A.weight", ".lora_B.weight", ".lora_magnitude_vector");
  private static final Names DIFFUSERS =
      new Names(".lora.down.weight", ".lora.up.weight", ".lora_magnitude_vector");
  private static final Names DIFFUSERS_TEXT =
      new Names(
          ".lora_linear_layer.down.weight",
          ".lora_linear_layer.up.weight",
          ".lora_magnitude_vector");
  private static final Names KOHYA =
      new Names(".lora_down.weight", ".lora_up.weight", ".dora_scale");

  private LoraWriter() {}

  static void write(Lora lora, Path path, LoraFormat format) throws CheckpointException {
    Map<String, Tensor> tensors = new TreeMap<>();
    lora.modules()
        .forEach(
            (target, module) ->
                add(tensors, owner(lora, target, format), names(target, format), module, format));
    Map<String, String> metadata = new TreeMap<>(lora.metadata());
    metadata.put("format", "pt");
    if (format == LoraFormat.KOHYA) {
      metadata.putIfAbsent("ss_network_module", "networks.lora");
    } else {
      metadata.put(PeftSettings.ENTRY, PeftSettings.entry(lora.modules()));
    }
    Safetensors.write(path, tensors, metadata);
  }

  private static Names names(LoraTarget target, LoraFormat format) {
    return switch (format) {
      case PEFT -> PEFT;
      case DIFFUSERS -> target.component().equals("unet") ? DIFFUSERS : DIFFUSERS_TEXT;
      case KOHYA -> KOHYA;
    };
  }

  private static String owner(Lora lora, LoraTarget target, LoraFormat format) {
    return format == LoraFormat.KOHYA
        ? LoraNames.kohya(target, lora.twoTextEncoders())
        : target.toString();
  }

  private static void add(
      Map<String, Tensor> tensors,
      String owner,
      Names names,
      LoraModule module,
      LoraFormat format) {
    tensors.put(owner + names.down, module.down());
    tensors.put(owner + names.up, module.up());
    module
        .magnitude()
        .ifPresent(m -> tensors.put(owner + names.magnitude, shaped(m, module, format)));
    if (format == LoraFormat.KOHYA) {
      checkArgument(
          !module.rankStabilized(),
          "%s: kohya's format has no rank stabilisation; PEFT and DIFFUSERS have it",
          owner);
      float alpha = (float) module.alpha();
      checkArgument(
          alpha == module.alpha(), "%s: alpha %s is not a float32 number", owner, module.alpha());
      tensors.put(owner + ".alpha", Tensor.scalar(alpha));
    }
  }

  /**
   * Peft keeps a convolution's magnitude as [1, out, 1, 1], kohya's relatives as [out, 1, 1, 1].
   */
  private static Tensor shaped(Tensor magnitude, LoraModule module, LoraFormat format) {
    long out = magnitude.elements();
    if (format == LoraFormat.KOHYA) {
      return magnitude.reshape(module.isConvolution() ? Shape.of(out, 1, 1, 1) : Shape.of(out, 1));
    }
    return module.isConvolution() ? magnitude.reshape(Shape.of(1, out, 1, 1)) : magnitude;
  }
}
