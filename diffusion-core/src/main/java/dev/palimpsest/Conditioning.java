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
 * is the batch. What all rows share stands beside. Immutable.
 */
public final class Conditioning {
  private static final Conditioning NONE = new Conditioning(Map.of(), Map.of());

  private final Map<String, Tensor> tensors;
  private final Map<String, Tensor> shared;

  private Conditioning(Map<String, Tensor> tensors, Map<String, Tensor> shared) {
    this.tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    this.shared = Collections.unmodifiableMap(new LinkedHashMap<>(shared));
  }

  public static Conditioning none() {
    return NONE;
  }

  public static Conditioning of(Map<String, Tensor> tensors) {
    return new Conditioning(tensors, Map.of());
  }

  public Map<String, Tensor> tensors() {
    return tensors;
  }

  /** What all rows share, by the network's input name, such as an adapter's strengths. */
  public Map<String, Tensor> shared() {
    return shared;
  }

  /** With these for all rows, in place of what they shared. */
  public Conditioning sharing(Map<String, Tensor> shared) {
    return new Conditioning(tensors, shared);
  }

  public Optional<Tensor> get(String name) {
    return Optional.ofNullable(tensors.get(name));
  }

  public Conditioning with(String name, Tensor tensor) {
    var copy = new LinkedHashMap<>(tensors);
    copy.put(name, tensor);
    return new Conditioning(copy, shared);
  }

  /** How many rows there are; 0 without tensors. */
  int rows() {
    return tensors.values().stream()
        .findFirst()
        .map(tensor -> Math.toIntExact(tensor.shape().dim(0)))
        .orElse(0);
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
    return new Conditioning(joined, parts.get(0).shared);
  }

  @Override
  public String toString() {
    return tensors.toString();
  }
}
