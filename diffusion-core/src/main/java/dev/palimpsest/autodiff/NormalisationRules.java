package dev.palimpsest.autodiff;

import static dev.palimpsest.autodiff.GradientRules.form;
import static dev.palimpsest.autodiff.GradientRules.row;
import static dev.palimpsest.autodiff.Ops.op;
import static dev.palimpsest.autodiff.Ops.reshape;

import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.Shape;
import java.util.Arrays;

/** Rules of softmax and of normalisations. */
final class NormalisationRules {
  private NormalisationRules() {}

  static void add() {
    row("Softmax", NormalisationRules::softmax);
    row(
        "LogSoftmax",
        b -> b.dy().sub(b.y().exp().mul(b.dy().sum(b.attributes().integer("axis", -1)))));
    row(
        "InstanceNormalization",
        NormalisationRules::instance,
        b -> reshape(b.dy().mul(normal(b, spatial(b))).sum(others(b)), b.shape(1)),
        b -> reshape(b.dy().sum(others(b)), b.shape(2)));
    row(
        "LayerNormalization",
        NormalisationRules::layer,
        b -> b.dy().mul(normal(b, trailing(b))),
        Backward::dy);
    form(
        "group normalisation",
        "Add",
        GroupNormGradient::inputs,
        GroupNormGradient::input,
        GroupNormGradient::weight,
        GroupNormGradient::bias);
    form(
        "layer normalisation",
        "Add",
        LayerNormGradient::inputs,
        LayerNormGradient::input,
        LayerNormGradient::weight,
        Backward::dy);
  }

  private static Value softmax(Backward b) {
    long axis = b.attributes().integer("axis", -1);
    Value y = b.y();
    return b.dy().sub(b.dy().mul(y).sum(axis)).mul(y);
  }

  private static long[] spatial(Backward b) {
    return range(2, b.shape(0).rank());
  }

  private static long[] trailing(Backward b) {
    return range(b.axis(b.attributes().integer("axis", -1)), b.shape(0).rank());
  }

  private static long[] range(int from, int to) {
    long[] axes = new long[to - from];
    Arrays.setAll(axes, i -> i + from);
    return axes;
  }

  /** All axes but that of the channels, which is left alone in the sum. */
  private static long[] others(Backward b) {
    long[] axes = new long[b.shape(0).rank() - 1];
    Arrays.setAll(axes, i -> i == 0 ? 0 : i + 1);
    return axes;
  }

  private static Value normal(Backward b, long... axes) {
    return b.once("normal", () -> centred(b, axes).mul(inverse(b, axes)));
  }

  private static Value centred(Backward b, long... axes) {
    return b.once("centred", () -> b.x().sub(b.x().mean(axes)));
  }

  private static Value inverse(Backward b, long... axes) {
    return b.once(
        "inverse",
        () -> {
          float epsilon = b.attributes().number("epsilon", 1e-5f);
          Value variance = Ops.square(centred(b, axes)).mean(axes);
          return op("Reciprocal", variance.add(epsilon).sqrt());
        });
  }

  private static Value instance(Backward b) {
    long[] sizes = new long[b.shape(0).rank()];
    Arrays.fill(sizes, 1);
    sizes[1] = b.shape(1).dim(0);
    return input(b, b.dy().mul(reshape(b.x(1), Shape.of(sizes))), spatial(b));
  }

  private static Value layer(Backward b) {
    return input(b, b.dy().mul(b.x(1)), trailing(b));
  }

  private static Value input(Backward b, Value dn, long... axes) {
    Value n = normal(b, axes);
    Value along = n.mul(dn.mul(n).mean(axes));
    return dn.sub(dn.mean(axes)).sub(along).mul(inverse(b, axes));
  }
}
