package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The weights that a training changes: float32 in direct memory, which sessions read in place. One
 * thread at a time.
 */
public final class Trainables {
  private final Map<String, Tensor> tensors = new TreeMap<>();
  private final Map<String, FloatBuffer> buffers = new TreeMap<>();

  private Trainables() {}

  /** Copies of floating tensors. */
  public static Trainables of(Map<String, Tensor> initial) {
    checkArgument(!initial.isEmpty(), "nothing is to be trained");
    var all = new Trainables();
    initial.forEach(all::add);
    return all;
  }

  private void add(String name, Tensor initial) {
    checkArgument(
        initial.dtype().isFloating(), "trainable %s is %s, not floating", name, initial.dtype());
    ByteBuffer bytes = Tensor.allocate(DType.FLOAT32, initial.shape());
    bytes.asFloatBuffer().put(initial.floats());
    tensors.put(name, Tensor.wrap(DType.FLOAT32, initial.shape(), bytes));
    buffers.put(name, bytes.asFloatBuffer());
  }

  /** The weights' names, sorted. */
  public Set<String> names() {
    return Collections.unmodifiableSet(tensors.keySet());
  }

  public Shape shape(String name) {
    return tensor(name).shape();
  }

  /** A view of a weight, which shows every later change. */
  public Tensor tensor(String name) {
    Tensor tensor = tensors.get(name);
    checkArgument(tensor != null, "no trainable %s among %s", name, tensors.keySet());
    return requireNonNull(tensor);
  }

  /** Views of all weights, which show every later change. */
  public Map<String, Tensor> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  /** A copy of the weights as they are now. */
  public Weights snapshot() {
    return Weights.of(copies());
  }

  Map<String, Tensor> copies() {
    Map<String, Tensor> copies = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> copies.put(name, Tensor.of(tensor.shape(), tensor.floats())));
    return copies;
  }

  FloatBuffer buffer(String name) {
    return requireNonNull(buffers.get(name));
  }

  /** Overwrites all weights. */
  void set(Map<String, Tensor> values) {
    checkArgument(
        values.keySet().equals(tensors.keySet()),
        "the weights %s cannot replace %s",
        values.keySet(),
        tensors.keySet());
    values.forEach(
        (name, value) -> {
          checkArgument(
              value.shape().equals(shape(name)),
              "weight %s has shape %s, expected %s",
              name,
              value.shape(),
              shape(name));
          buffer(name).put(0, value.floats());
        });
  }
}
