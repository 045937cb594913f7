package dev.palimpsest.autodiff;

import static dev.palimpsest.autodiff.Ops.op;
import static dev.palimpsest.autodiff.Ops.reshape;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.graph.Node;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The rule of group normalisation as {@link Value#groupNorm} writes it. With the sums Σdy and Σdy·x
 * of each channel, the gradient of the input is a·dy + b·x + c with a number a for each channel and
 * b, c for each group.
 */
final class GroupNormGradient {
  private final Backward b;
  private final Shape picture;
  private final long batch;
  private final long groups;
  private final long channels;
  private final float epsilon;

  private GroupNormGradient(Backward b) {
    Shape grouped = b.input(3).shape();
    Node norm = requireNonNull(b.input(4).node());
    this.b = b;
    this.picture = b.shape(0);
    this.batch = picture.dim(0);
    this.groups = grouped.dim(1);
    this.channels = picture.dim(1) / groups;
    this.epsilon = norm.attributes().number("epsilon", 1e-5f);
  }

  /** x, weight and bias; then x in groups and the normalised groups. */
  static @Nullable List<@Nullable Value> inputs(Node last) {
    Node scaled = node(last.inputs().get(0), "Mul");
    Node shaped = scaled == null ? null : node(scaled.inputs().get(0), "Reshape");
    Node norm = shaped == null ? null : node(shaped.inputs().get(0), "InstanceNormalization");
    Value grouped = norm == null ? null : norm.inputs().get(0);
    Node grouping = grouped == null ? null : node(grouped, "Reshape");
    if (scaled == null || norm == null || grouped == null || grouping == null) {
      return null;
    }
    Value x = requireNonNull(grouping.inputs().get(0));
    Value weight = requireNonNull(scaled.inputs().get(1));
    Value bias = requireNonNull(last.inputs().get(1));
    boolean matches =
        is(norm, 1, 1)
            && is(norm, 2, 0)
            && x.dims().equals(last.outputs().get(0).dims())
            && isOneEach(weight, x)
            && isOneEach(bias, x);
    return matches ? List.of(x, weight, bias, grouped, norm.outputs().get(0)) : null;
  }

  private static @Nullable Node node(@Nullable Value value, String operator) {
    Node node = value == null ? null : value.node();
    return node != null && node.name().equals(operator) ? node : null;
  }

  private static boolean is(Node norm, int input, float value) {
    Value constant = requireNonNull(norm.inputs().get(input));
    Tensor data = constant.constant();
    if (data == null) {
      return false;
    }
    for (double element : data.doubles()) {
      if (element != value) {
        return false;
      }
    }
    return true;
  }

  /** Whether it has one element a channel: [channels, 1, ...]. */
  private static boolean isOneEach(Value value, Value x) {
    return value.dims().rank() == x.dims().rank() - 1
        && value.dim(0).equals(x.dim(1))
        && value.dims().elements().equals(x.dim(1));
  }

  static Value input(Backward b) {
    var rule = new GroupNormGradient(b);
    double count = (double) rule.picture.elements() / (rule.batch * rule.groups);
    Value weight = rule.weight();
    Value inverse = rule.inverse();
    Value sum = weight.mul(rule.sums()).sum(2);
    Value along = weight.mul(rule.products()).sum(2);
    // Of the normalised values: Σ dn·n = inverse·(Σ dn·x - mean·Σ dn).
    Value slope = along.sub(rule.mean().mul(sum)).mul(Ops.square(inverse)).mul(inverse);
    Value ofX = Ops.times(slope, -1 / count);
    Value rest = ofX.mul(rule.mean()).neg().sub(Ops.times(sum.mul(inverse), 1 / count));
    Value dy = b.dy().reshape(rule.batch, rule.groups, rule.channels, -1);
    Value x = b.x(0).reshape(rule.batch, rule.groups, rule.channels, -1);
    Value a = weight.mul(inverse).unsqueeze(3);
    Value dx = dy.mul(a).add(x.mul(ofX.unsqueeze(3)).add(rest.unsqueeze(3)));
    return reshape(dx, rule.picture);
  }

  static Value weight(Backward b) {
    var rule = new GroupNormGradient(b);
    Value normal = rule.products().sub(rule.mean().mul(rule.sums())).mul(rule.inverse());
    return reshape(normal.sum(0), b.shape(1));
  }

  static Value bias(Backward b) {
    return reshape(new GroupNormGradient(b).sums().sum(0), b.shape(2));
  }

  /** [1, groups, channels of a group]. */
  private Value weight() {
    return b.once("weight", () -> b.x(1).reshape(1, groups, channels));
  }

  /** Σ dy: [batch, groups, channels of a group]. */
  private Value sums() {
    return b.once("sums", () -> perChannel(b.dy()));
  }

  /** Σ dy·x. */
  private Value products() {
    return b.once("products", () -> perChannel(b.dy().mul(b.x(0))));
  }

  private Value perChannel(Value picture) {
    long[] axes = new long[this.picture.rank() - 2];
    Arrays.setAll(axes, i -> i + 2);
    return picture.sum(axes).reshape(batch, groups, channels);
  }

  /** [batch, groups, 1]. */
  private Value mean() {
    return b.once("mean", () -> b.x(3).mean(2));
  }

  /** One over the standard deviation: [batch, groups, 1]. */
  private Value inverse() {
    return b.once(
        "inverse",
        () -> {
          Value variance = Ops.square(b.x(3).sub(mean())).mean(2);
          return op("Reciprocal", variance.add(epsilon).sqrt());
        });
  }
}
