package dev.palimpsest.checkpoint;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.List;
import java.util.Set;

/** Weights under one layer. */
final class LayeredWeights implements Weights {
  private final Weights below;
  private final WeightLayer layer;

  private LayeredWeights(Weights below, WeightLayer layer) {
    this.below = below;
    this.layer = layer;
  }

  static LayeredWeights of(Weights below, WeightLayer layer) {
    layer
        .replacements()
        .forEach(
            (name, tensor) -> {
              checkArgument(
                  below.contains(name), "layer %s replaces %s, which is not there", layer, name);
              checkArgument(
                  below.shape(name).equals(tensor.shape()),
                  "layer %s replaces %s of shape %s by shape %s",
                  layer,
                  name,
                  below.shape(name),
                  tensor.shape());
            });
    return new LayeredWeights(below, layer);
  }

  @Override
  public Set<String> names() {
    return below.names();
  }

  @Override
  public Tensor get(String name) {
    Tensor replacement = layer.replacements().get(name);
    return replacement != null ? replacement : below.get(name);
  }

  @Override
  public DType dtype(String name) {
    Tensor replacement = layer.replacements().get(name);
    return replacement != null ? replacement.dtype() : below.dtype(name);
  }

  @Override
  public Shape shape(String name) {
    return below.shape(name);
  }

  @Override
  public String origin(String name) {
    return layer.replacements().containsKey(name) ? "layer " + layer.name() : below.origin(name);
  }

  @Override
  public Weights base() {
    return below.base();
  }

  @Override
  public List<WeightLayer> layers() {
    return ImmutableList.<WeightLayer>builder().addAll(below.layers()).add(layer).build();
  }
}
