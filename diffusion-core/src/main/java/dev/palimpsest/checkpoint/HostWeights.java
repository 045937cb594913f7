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
import java.util.TreeMap;

/** Tensors held in memory. */
final class HostWeights implements Weights {
  private final Map<String, Tensor> tensors;

  HostWeights(Map<String, Tensor> tensors) {
    this.tensors = Collections.unmodifiableMap(new TreeMap<>(tensors));
  }

  @Override
  public Set<String> names() {
    return tensors.keySet();
  }

  @Override
  public Tensor get(String name) {
    Tensor tensor = tensors.get(name);
    checkArgument(tensor != null, "no tensor %s among %s in memory", name, tensors.size());
    return requireNonNull(tensor);
  }

  @Override
  public DType dtype(String name) {
    return get(name).dtype();
  }

  @Override
  public Shape shape(String name) {
    return get(name).shape();
  }

  @Override
  public String origin(String name) {
    return "memory";
  }

  @Override
  public List<WeightLayer> layers() {
    return List.of();
  }
}
