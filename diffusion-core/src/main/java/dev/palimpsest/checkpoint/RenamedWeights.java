package dev.palimpsest.checkpoint;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/** Weights under other names and shapes, or cut out of larger tensors. */
final class RenamedWeights implements Weights {
  /**
   * Where a tensor comes from.
   *
   * @param name the stored tensor's
   * @param shape the shape it is given
   * @param part what of the stored tensor it is
   */
  record Source(String name, Shape shape, UnaryOperator<Tensor> part) {
    /** The whole stored tensor. */
    Source(String name, Shape shape) {
      this(name, shape, tensor -> tensor);
    }
  }

  private final Weights stored;
  private final Map<String, Source> sources;

  /**
   * @param sources by the new name, sorted; not copied
   */
  RenamedWeights(Weights stored, Map<String, Source> sources) {
    this.stored = stored;
    this.sources = Collections.unmodifiableMap(sources);
  }

  @Override
  public Set<String> names() {
    return sources.keySet();
  }

  @Override
  public Tensor get(String name) {
    Source source = source(name);
    return source.part.apply(stored.get(source.name)).reshape(source.shape);
  }

  @Override
  public DType dtype(String name) {
    return stored.dtype(source(name).name);
  }

  @Override
  public Shape shape(String name) {
    return source(name).shape;
  }

  @Override
  public String origin(String name) {
    return stored.origin(source(name).name);
  }

  @Override
  public List<WeightLayer> layers() {
    return stored.layers();
  }

  private Source source(String name) {
    Source source = sources.get(name);
    checkArgument(source != null, "no tensor %s among %s", name, sources.size());
    return requireNonNull(source);
  }
}
