package dev.palimpsest.model;

import dev.palimpsest.graph.Value;
import java.util.Deque;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * The blocks of a U-Net: residual blocks, each followed by an attention layer or none, and a change
 * of size. Block types differ in which attention and which change; the tables say so. Reference:
 * diffusers models/unets/unet_2d_blocks.py.
 *
 * @param resnet the residual block
 * @param time the activated time embedding
 * @param padding of the convolution that shrinks
 */
record UNetBlocks(ResnetBlock2D resnet, Value time, int padding) {
  /** The attention layer behind each residual block. */
  enum Mixing {
    NONE,
    /** Pixels attend to pixels. */
    SELF,
    /** Transformer blocks with text. */
    TRANSFORMER,
    /** Pixels attend to text and pixels at once. */
    ADDED_KEYS
  }

  /** What a block type is made of. */
  record Type(Mixing mixing, boolean resnetResize) {}

  /** The attention layer number {@code index} of a block. */
  interface Layer {
    Value apply(Scope scope, int index, Value x);
  }

  static final Map<String, Type> UNCONDITIONAL_DOWN =
      Map.of(
          "DownBlock2D", new Type(Mixing.NONE, false),
          "ResnetDownsampleBlock2D", new Type(Mixing.NONE, true),
          "AttnDownBlock2D", new Type(Mixing.SELF, false));
  static final Map<String, Type> UNCONDITIONAL_UP =
      Map.of(
          "UpBlock2D", new Type(Mixing.NONE, false),
          "ResnetUpsampleBlock2D", new Type(Mixing.NONE, true),
          "AttnUpBlock2D", new Type(Mixing.SELF, false));
  static final Map<String, Type> DOWN =
      Map.of(
          "DownBlock2D", new Type(Mixing.NONE, false),
          "ResnetDownsampleBlock2D", new Type(Mixing.NONE, true),
          "AttnDownBlock2D", new Type(Mixing.SELF, false),
          "CrossAttnDownBlock2D", new Type(Mixing.TRANSFORMER, false),
          "SimpleCrossAttnDownBlock2D", new Type(Mixing.ADDED_KEYS, true));
  static final Map<String, Type> UP =
      Map.of(
          "UpBlock2D", new Type(Mixing.NONE, false),
          "ResnetUpsampleBlock2D", new Type(Mixing.NONE, true),
          "AttnUpBlock2D", new Type(Mixing.SELF, false),
          "CrossAttnUpBlock2D", new Type(Mixing.TRANSFORMER, false),
          "SimpleCrossAttnUpBlock2D", new Type(Mixing.ADDED_KEYS, true));
  static final Map<String, Mixing> MIDDLE =
      Map.of(
          "UNetMidBlock2D", Mixing.NONE,
          "UNetMidBlock2DCrossAttn", Mixing.TRANSFORMER,
          "UNetMidBlock2DSimpleCrossAttn", Mixing.ADDED_KEYS);

  /** The name under which older configurations knew a block type. */
  static String current(String type) {
    return type.startsWith("UNetRes") ? type.substring("UNetRes".length()) : type;
  }

  /**
   * One level of the way down.
   *
   * @param skips gets each result, the last on top
   */
  Value down(Scope scope, Value x, Level level, Deque<Value> skips) {
    Value h = x;
    for (int i = 0; i < level.layers(); i++) {
      h = resnet.apply(scope.at("resnets", i), h, time, level.channels());
      h = level.attention().apply(scope, i, h);
      skips.push(h);
    }
    if (level.resized()) {
      Scope resize = scope.at("downsamplers", 0);
      h =
          level.resnetResize()
              ? resnet.apply(resize, h, time, level.channels(), v -> v.averagePool(2, 2))
              : resize.conv("conv", h, level.channels(), 3, 2, shrinkingPads());
      skips.push(h);
    }
    return h;
  }

  private long[] shrinkingPads() {
    // Without padding the reference adds a row below and a column at the right.
    return padding == 0 ? new long[] {0, 0, 1, 1} : new long[] {padding, padding, padding, padding};
  }

  /** One level of the way up; grows to the size of the skip that the next level starts with. */
  Value up(Scope scope, Value x, Level level, Deque<Value> skips) {
    Value h = x;
    for (int i = 0; i < level.layers(); i++) {
      h = Value.concat(1, h, skips.pop());
      h = resnet.apply(scope.at("resnets", i), h, time, level.channels());
      h = level.attention().apply(scope, i, h);
    }
    if (level.resized()) {
      Value like = skips.element();
      UnaryOperator<Value> grow = v -> v.resizeNearestLike(like);
      Scope resize = scope.at("upsamplers", 0);
      h =
          level.resnetResize()
              ? resnet.apply(resize, h, time, level.channels(), grow)
              : resize.conv("conv", grow.apply(h), level.channels(), 3);
    }
    return h;
  }

  /** The middle: residual blocks with attention layers between them. */
  Value middle(Scope scope, Value x, Level level) {
    Value h = resnet.apply(scope.at("resnets", 0), x, time, level.channels());
    for (int i = 0; i < level.layers(); i++) {
      h = level.attention().apply(scope, i, h);
      h = resnet.apply(scope.at("resnets", i + 1), h, time, level.channels());
    }
    return h;
  }

  /**
   * One level of the U.
   *
   * @param channels of its results
   * @param layers residual blocks; in the middle, attention layers
   * @param resized whether the size changes at its end
   * @param resnetResize whether a residual block, not a convolution, changes the size
   * @param attention behind each residual block
   */
  record Level(int channels, int layers, boolean resized, boolean resnetResize, Layer attention) {}
}
