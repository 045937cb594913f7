package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What steers a denoiser beside the noisy sample and the timestep: tensors by the network's input
 * name, such as {@code encoder_hidden_states} [batch, tokens, width], {@code text_embeds} [batch,
 * width], {@code time_ids} [batch, 6] or {@code class_labels} [batch]. The first dimension of each
 * is the batch. Immutable.
 */
public final class Conditioning {
  private static final Conditioning NONE = new Conditioning(Map.of());

  private final Map<String, Tensor> tensors;

  private Conditioning(Map<String, Tensor> tensors) {
    this.tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
  }

  public static Conditioning none() {
    return NONE;
  }

  public static Conditioning of(Map<String, Tensor> tensors) {
    return new Conditioning(tensors);
  }

  public Map<String, Tensor> tensors() {
    return tensors;
  }

  public Optional<Tensor> get(String name) {
    return Optional.ofNullable(tensors.get(name));
  }

  public Conditioning with(String name, Tensor tensor) {
    var copy = new LinkedHashMap<>(tensors);
    copy.put(name, tensor);
    return new Conditioning(copy);
  }

  /** The rows {@code times} over: a batch of pictures of one prompt. */
  public Conditioning repeat(int times) {
    return times == 1 ? this : join(Collections.nCopies(times, this));
  }

  /**
   * The rows of all parts, one part after the other.
   *
   * @throws IllegalArgumentException if the parts have tensors of different names
   */
  public static Conditioning join(List<Conditioning> parts) {
    var joined = new LinkedHashMap<String, Tensor>();
    for (String name : parts.get(0).tensors.keySet()) {
      var rows = new ArrayList<Tensor>();
      for (Conditioning part : parts) {
        checkArgument(
            part.tensors.keySet().equals(parts.get(0).tensors.keySet()),
            "conditionings differ: %s, %s",
            part.tensors.keySet(),
            parts.get(0).tensors.keySet());
        rows.add(part.get(name).orElseThrow());
      }
      joined.put(name, Tensor.concat(rows));
    }
    return new Conditioning(joined);
  }

  @Override
  public String toString() {
    return tensors.toString();
  }
}
