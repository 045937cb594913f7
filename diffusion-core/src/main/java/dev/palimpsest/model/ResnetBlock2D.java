package dev.palimpsest.model;

import dev.palimpsest.graph.Value;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The residual block of diffusion networks: norm, activation, convolution, time embedding, and the
 * same again, added to the input. Immutable. Reference: diffusers models/resnet.py.
 *
 * @param groups of both group normalisations
 * @param epsilon of both group normalisations
 * @param activation between the layers
 * @param scaleShift whether the time embedding scales and shifts the second normalisation (as in
 *     Dhariwal & Nichol 2021) or is added before it
 * @param outputScale what the sum is divided by
 */
record ResnetBlock2D(
    int groups, float epsilon, Activation activation, boolean scaleShift, float outputScale) {

  ResnetBlock2D withOutputScale(float factor) {
    return new ResnetBlock2D(groups, epsilon, activation, scaleShift, factor);
  }

  /**
   * @param x [batch, channels, height, width]
   * @param time the activated time embedding [batch or 1, width], or null for none
   */
  Value apply(Scope scope, Value x, @Nullable Value time, int outChannels) {
    return apply(scope, x, time, outChannels, UnaryOperator.identity());
  }

  /**
   * {@link #apply(Scope, Value, Value, int)} that changes the size on the way.
   *
   * @param resize what both the block's branch and the input go through before the convolution
   */
  Value apply(
      Scope scope, Value x, @Nullable Value time, int outChannels, UnaryOperator<Value> resize) {
    Value h = activation.apply(scope.groupNorm("norm1", x, groups, epsilon));
    h = scope.conv("conv1", resize.apply(h), outChannels, 3);
    h = activation.apply(timed(scope, h, time, outChannels));
    h = scope.conv("conv2", h, outChannels, 3);
    Value input = resize.apply(x);
    if (!x.dim(1).is(outChannels)) {
      input = scope.conv("conv_shortcut", input, outChannels, 1);
    }
    Value sum = input.add(h);
    return (outputScale == 1 ? sum : sum.div(outputScale)).named(scope.path());
  }

  private Value timed(Scope scope, Value h, @Nullable Value time, int channels) {
    if (time == null) {
      return scope.groupNorm("norm2", h, groups, epsilon);
    }
    Value projected = scope.linear("time_emb_proj", time, scaleShift ? 2 * channels : channels);
    Value embedding = projected.unsqueeze(2, 3);
    if (!scaleShift) {
      return scope.groupNorm("norm2", h.add(embedding), groups, epsilon);
    }
    List<Value> parts = embedding.split(1, channels, channels);
    Value normal = scope.groupNorm("norm2", h, groups, epsilon);
    return normal.mul(parts.get(0).add(1f)).add(parts.get(1));
  }
}
