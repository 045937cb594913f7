package dev.palimpsest.model;

import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;

/**
 * A place in a network, such as {@code down_blocks.0.resnets.1}: makes the layers below it, whose
 * parameters and results carry its path. Widths of inputs are read from the values. Immutable.
 */
final class Scope {
  private final String path;

  private Scope(String path) {
    this.path = path;
  }

  static Scope root() {
    return new Scope("");
  }

  static Scope of(String path) {
    return new Scope(path);
  }

  /** The place {@code name} below this one. */
  Scope at(String name) {
    return new Scope(of(this, name));
  }

  /** The element {@code index} of the list {@code name} below this place. */
  Scope at(String name, int index) {
    return new Scope(of(this, name) + "." + index);
  }

  /** The full path of {@code name}. */
  String path(String name) {
    return of(this, name);
  }

  /** The path of this place, empty for the root. */
  String path() {
    return path;
  }

  private static String of(Scope scope, String name) {
    return scope.path.isEmpty() ? name : scope.path + "." + name;
  }

  Value parameter(String name, long... sizes) {
    return Value.parameter(path(name), DType.FLOAT32, Shape.of(sizes));
  }

  /** A square convolution with bias that keeps the size when {@code kernel} is odd. */
  Value conv(String name, Value x, int outChannels, int kernel) {
    long padding = (kernel - 1) / 2;
    return conv(name, x, outChannels, kernel, 1, padding, padding, padding, padding);
  }

  /**
   * A square convolution with bias.
   *
   * @param pads zeros added at the top, left, bottom, right
   */
  Value conv(String name, Value x, int outChannels, int kernel, int stride, long... pads) {
    Scope layer = at(name);
    Value weight = layer.parameter("weight", outChannels, x.dim(1).size(), kernel, kernel);
    return x.conv(weight, layer.parameter("bias", outChannels), stride, pads).named(layer.path);
  }

  /** A linear layer with bias over the last axis. */
  Value linear(String name, Value x, int out) {
    return linear(name, x, x.dim(-1).size(), out);
  }

  /** {@link #linear(String, Value, int)} of a value whose width is symbolic in the graph. */
  Value linear(String name, Value x, long in, int out) {
    Scope layer = at(name);
    Value weight = layer.parameter("weight", out, in);
    return x.linear(weight, layer.parameter("bias", out)).named(layer.path);
  }

  Value linearWithoutBias(String name, Value x, int out) {
    Scope layer = at(name);
    return x.linear(layer.parameter("weight", out, x.dim(-1).size()), null).named(layer.path);
  }

  /** Group normalisation over axis 1. */
  Value groupNorm(String name, Value x, int groups, float epsilon) {
    Scope layer = at(name);
    long channels = x.dim(1).size();
    Value weight = layer.parameter("weight", channels);
    return x.groupNorm(groups, weight, layer.parameter("bias", channels), epsilon)
        .named(layer.path);
  }

  /** Layer normalisation over the last axis. */
  Value layerNorm(String name, Value x, float epsilon) {
    Scope layer = at(name);
    long width = x.dim(-1).size();
    return x.layerNorm(layer.parameter("weight", width), layer.parameter("bias", width), epsilon)
        .named(layer.path);
  }

  /** Rows of a table of {@code rows} learned vectors. */
  Value embedding(String name, Value indices, int rows, int width) {
    Scope layer = at(name);
    return layer.parameter("weight", rows, width).gather(indices, 0).named(layer.path);
  }
}
