package dev.palimpsest.lora;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The name of a tensor in a LoRA file, taken apart.
 *
 * @param owner the module as the file calls it
 * @param part which of its tensors
 */
record LoraKey(String owner, Part part) {
  enum Part {
    DOWN,
    UP,
    ALPHA,
    MAGNITUDE
  }

  private record Suffix(String text, Part part) {}

  private static final List<Suffix> SUFFIXES =
      List.of(
          new Suffix(".lora_A.weight", Part.DOWN),
          new Suffix(".lora_B.weight", Part.UP),
          new Suffix(".lora_A.default.weight", Part.DOWN),
          new Suffix(".lora_B.default.weight", Part.UP),
          new Suffix(".lora.down.weight", Part.DOWN),
          new Suffix(".lora.up.weight", Part.UP),
          new Suffix(".lora_linear_layer.down.weight", Part.DOWN),
          new Suffix(".lora_linear_layer.up.weight", Part.UP),
          new Suffix(".lora_down.weight", Part.DOWN),
          new Suffix(".lora_up.weight", Part.UP),
          new Suffix("_lora.down.weight", Part.DOWN),
          new Suffix("_lora.up.weight", Part.UP),
          new Suffix(".alpha", Part.ALPHA),
          new Suffix(".dora_scale", Part.MAGNITUDE),
          new Suffix(".lora_magnitude_vector", Part.MAGNITUDE),
          new Suffix(".lora_magnitude_vector.weight", Part.MAGNITUDE),
          new Suffix(".lora_magnitude_vector.default.weight", Part.MAGNITUDE));

  /** What the names of other kinds of adapters contain, and what those are. */
  private static final Map<String, String> OTHERS =
      Map.ofEntries(
          Map.entry(".hada_w1", "LoHa"),
          Map.entry(".hada_w2", "LoHa"),
          Map.entry(".hada_t", "LoHa"),
          Map.entry(".lokr_w1", "LoKr"),
          Map.entry(".lokr_w2", "LoKr"),
          Map.entry(".lokr_t2", "LoKr"),
          Map.entry(".lora_mid.", "LoCon with a Tucker decomposition"),
          Map.entry(".oft_", "OFT"),
          Map.entry(".boft_", "BOFT"),
          Map.entry(".vera_lambda", "VeRA"),
          Map.entry(".ia3_", "IA3"),
          Map.entry(".on_input", "IA3"),
          Map.entry(".a1.weight", "GLoRA"),
          Map.entry(".b1.weight", "GLoRA"),
          Map.entry(".lora_embedding_", "LoRA of an embedding"),
          Map.entry(".lora_A.bias", "LoRA with biases"),
          Map.entry(".lora_B.bias", "LoRA with biases"),
          Map.entry(".diff_b", "differences of whole biases"),
          Map.entry(".diff", "differences of whole weights"),
          Map.entry(".w_norm", "weights of normalisations"),
          Map.entry(".b_norm", "weights of normalisations"));

  /** Empty if the name is not one of a LoRA's tensors. */
  static Optional<LoraKey> of(String name) {
    return SUFFIXES.stream()
        .filter(suffix -> name.endsWith(suffix.text()))
        .findFirst()
        .map(
            suffix -> {
              String owner = name.substring(0, name.length() - suffix.text().length());
              return new LoraKey(owner, suffix.part());
            });
  }

  /** What kind of adapter has a tensor of this name, if it is known and not a LoRA. */
  static Optional<String> otherKind(String name) {
    return OTHERS.entrySet().stream()
        .filter(other -> name.contains(other.getKey()))
        .map(Map.Entry::getValue)
        .sorted()
        .findFirst();
  }
}
