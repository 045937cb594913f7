package dev.palimpsest.autodiff;

import static dev.palimpsest.autodiff.GradientRules.opaque;
import static dev.palimpsest.autodiff.GradientRules.row;
import static dev.palimpsest.autodiff.Ops.expand;
import static dev.palimpsest.autodiff.Ops.mask;
import static dev.palimpsest.autodiff.Ops.op;
import static dev.palimpsest.autodiff.Ops.reject;
import static dev.palimpsest.autodiff.Ops.reshape;
import static dev.palimpsest.autodiff.Ops.scalar;
import static dev.palimpsest.autodiff.Ops.select;
import static dev.palimpsest.autodiff.Ops.times;

import dev.palimpsest.graph.Attributes;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.Shape;
import java.util.Arrays;

/** Rules of sums, means, extremes and cumulative sums. */
final class ReductionRules {
  private ReductionRules() {}

  static void add() {
    row("ReduceSum", b -> expand(kept(b, b.dy()), b.shape(0)));
    row("ReduceMean", b -> expand(times(kept(b, b.dy()), 1.0 / count(b)), b.shape(0)));
    row("ReduceSumSquare", b -> b.x().mul(kept(b, b.dy()).mul(2)));
    row("ReduceL2", ReductionRules::norm);
    row("ReduceMax", ReductionRules::extreme);
    row("ReduceMin", ReductionRules::extreme);
    row("CumSum", ReductionRules::cumulative);
    opaque("ArgMax");
  }

  private static long count(Backward b) {
    return b.shape(0).elements() / b.outputShape(0).elements();
  }

  private static long[] axes(Backward b) {
    int rank = b.shape(0).rank();
    if (b.has(1) && b.integers(1).length > 0) {
      return Arrays.stream(b.integers(1)).map(b::axis).toArray();
    }
    boolean noop = b.attributes().integer("noop_with_empty_axes", 0) == 1;
    long[] all = new long[noop ? 0 : rank];
    Arrays.setAll(all, i -> i);
    return all;
  }

  /** With the reduced axes back, of size 1. */
  private static Value kept(Backward b, Value reduced) {
    Shape shape = b.shape(0);
    for (long axis : axes(b)) {
      shape = shape.withDim((int) axis, 1);
    }
    return reshape(reduced, shape);
  }

  /** Zero at the origin, where the norm has no slope. */
  private static Value norm(Backward b) {
    Value y = b.y();
    Value slope = reject(y.equalTo(scalar(y.dtype(), 0)), b.dy().div(y));
    return b.x().mul(kept(b, slope));
  }

  /** Elements that are equally extreme share the gradient. */
  private static Value extreme(Backward b) {
    Value hit = b.x().equalTo(kept(b, b.y()));
    long[] axes = axes(b);
    Value ties = mask(hit, b.dy().dtype());
    Value share = kept(b, b.dy()).div(axes.length == 0 ? ties : ties.sum(axes));
    return select(hit, share);
  }

  private static Value cumulative(Backward b) {
    long reverse = b.attributes().integer("reverse", 0);
    Attributes attributes = b.attributes().with("reverse", 1 - reverse);
    return op("CumSum", attributes, b.dy(), b.x(1));
  }
}
