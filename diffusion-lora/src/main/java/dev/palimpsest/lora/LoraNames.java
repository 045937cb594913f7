package dev.palimpsest.lora;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What files call the modules of Stable Diffusion's networks. */
final class LoraNames {
  private static final String UNET = "unet";
  private static final String TEXT = "text_encoder";
  private static final String TEXT_2 = "text_encoder_2";

  private record Prefix(String text, String component) {}

  private static final List<Prefix> KOHYA =
      List.of(
          new Prefix("lora_unet_", UNET),
          new Prefix("lora_te1_", TEXT),
          new Prefix("lora_te2_", TEXT_2),
          new Prefix("lora_te_", TEXT));

  private static final List<Prefix> DOTTED =
      List.of(
          new Prefix("unet.", UNET),
          new Prefix("text_encoder.", TEXT),
          new Prefix("text_encoder_2.", TEXT_2));

  /** Peft's own files and early diffusers files name no component. */
  private static final String PEFT = "base_model.model.";

  private static final List<Prefix> BARE =
      List.of(
          new Prefix("down_blocks.", UNET),
          new Prefix("mid_block.", UNET),
          new Prefix("up_blocks.", UNET),
          new Prefix("time_embedding.", UNET),
          new Prefix("add_embedding.", UNET),
          new Prefix("conv_in", UNET),
          new Prefix("conv_out", UNET),
          new Prefix("text_model.", TEXT),
          new Prefix("text_projection", TEXT),
          new Prefix("encoder.layers.", TEXT));

  /** What names of other model families contain. */
  private static final Map<String, String> FAMILIES =
      Map.ofEntries(
          Map.entry("single_transformer_blocks", "Flux"),
          Map.entry("single_blocks", "Flux"),
          Map.entry("double_blocks", "Flux"),
          Map.entry("joint_blocks", "Stable Diffusion 3"),
          Map.entry("lora_te3_", "Stable Diffusion 3"),
          Map.entry("transformer.", "a transformer family, such as Flux or Stable Diffusion 3"),
          Map.entry("lora_transformer_", "a transformer family, such as Flux"),
          Map.entry("prior.", "Stable Cascade or Kandinsky"),
          Map.entry("motion_modules", "AnimateDiff"));

  private LoraNames() {}

  /** The module that a file calls {@code owner}; empty if it is none of the families'. */
  static Optional<LoraTarget> target(String owner) {
    for (Prefix prefix : KOHYA) {
      if (owner.startsWith(prefix.text)) {
        return KohyaNames.dotted(owner.substring(prefix.text.length()))
            .map(module -> new LoraTarget(prefix.component, module));
      }
    }
    for (Prefix prefix : DOTTED) {
      if (owner.startsWith(prefix.text) && owner.length() > prefix.text.length()) {
        return Optional.of(
            new LoraTarget(prefix.component, today(prefix, owner.substring(prefix.text.length()))));
      }
    }
    String bare = owner.startsWith(PEFT) ? owner.substring(PEFT.length()) : owner;
    return BARE.stream()
        .filter(prefix -> bare.startsWith(prefix.text))
        .findFirst()
        .map(prefix -> new LoraTarget(prefix.component, today(prefix, bare)));
  }

  /** Attention processors of early diffusers, and text encoders as transformers 5 names them. */
  private static String today(Prefix prefix, String module) {
    if (!prefix.component.equals(UNET)) {
      return module.startsWith("encoder.") ? "text_model." + module : module;
    }
    String name = module.replace(".processor.", ".");
    return name.endsWith(".to_out") ? name + ".0" : name;
  }

  /** The model family, if known, whose names look so. */
  static Optional<String> otherFamily(String name) {
    return FAMILIES.entrySet().stream()
        .filter(family -> name.contains(family.getKey()))
        .map(Map.Entry::getValue)
        .sorted()
        .findFirst();
  }

  /**
   * The module under kohya's name.
   *
   * @param twoEncoders whether the model has two text encoders
   */
  static String kohya(LoraTarget target, boolean twoEncoders) {
    String prefix =
        switch (target.component()) {
          case UNET -> "lora_unet_";
          case TEXT_2 -> "lora_te2_";
          default -> twoEncoders ? "lora_te1_" : "lora_te_";
        };
    return prefix + target.module().replace('.', '_');
  }
}
