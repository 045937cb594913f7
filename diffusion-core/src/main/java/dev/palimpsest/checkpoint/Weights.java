package dev.palimpsest.checkpoint;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Named tensors of one network: a view that other views stack upon. Nothing is read before {@link
 * #get}, and what that returns views the file where it can. Implementations are immutable and
 * thread-safe.
 */
public interface Weights {
  /** The tensors' names, sorted. */
  Set<String> names();

  /**
   * @throws IllegalArgumentException if there is no such tensor
   */
  Tensor get(String name);

  DType dtype(String name);

  Shape shape(String name);

  /** Where the tensor comes from, a file or a layer, for messages. */
  String origin(String name);

  /** The layers stacked on the file's weights, lowest first. */
  List<WeightLayer> layers();

  /** The weights beneath all layers. */
  default Weights base() {
    return this;
  }

  default boolean contains(String name) {
    return names().contains(name);
  }

  /**
   * These weights under {@code layer}; this object stays as it is, so dropping the result restores
   * the original.
   *
   * @throws IllegalArgumentException if the layer replaces a tensor that is not here or has another
   *     shape
   */
  default Weights with(WeightLayer layer) {
    return LayeredWeights.of(this, layer);
  }

  /** Weights held in memory. */
  static Weights of(Map<String, Tensor> tensors) {
    return new HostWeights(tensors);
  }

  /** The tensors of one file. */
  static Weights of(Safetensors file) {
    return FileWeights.of(file);
  }

  /**
   * The tensors of a {@code .safetensors} file, or of all shards that a {@code
   * .safetensors.index.json} lists.
   *
   * @throws CheckpointException if a file is malformed, a shard is missing, or index and shards
   *     disagree
   */
  static Weights read(Path path) throws CheckpointException {
    return String.valueOf(path.getFileName()).endsWith(".json")
        ? FileWeights.sharded(path)
        : FileWeights.of(Safetensors.read(path));
  }
}
