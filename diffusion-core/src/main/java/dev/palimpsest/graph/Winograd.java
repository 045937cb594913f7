package dev.palimpsest.graph;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A 3 × 3 convolution as Winograd's F(4, 3) along the height (Lavin &amp; Gray 2016, section 4.1,
 * applied to one axis): four rows of the result from six products of rows instead of twelve. Along
 * the width it stays a convolution, so that the products are ONNX Runtime's own 1 × 3 kernels.
 *
 * <p>Half the multiplications, twice the memory for the weights, and rounding errors about ten
 * times those of the direct form. It pays where a picture has many rows and channels; where the
 * weights are inputs, and so the filters are made at every run, only in large pictures.
 */
final class Winograd {
  private static final int ROWS = 4;
  private static final long LEAST_CHANNELS = 64;
  private static final long LEAST_SIDE = 32;
  private static final long LEAST_PIXELS_TRAINED = 64 * 64;
  private static final long MOST_FILTERS = 640 * 640; // beyond, memory and time to open grow most

  private final Map<String, Long> usualSizes;

  /**
   * @param usualSizes what the symbols of a graph mostly stand for; where that leaves a size open,
   *     the direct form is kept
   */
  Winograd(Map<String, Long> usualSizes) {
    this.usualSizes = usualSizes;
  }

  /** The outputs that replace a convolution, or null to keep it. */
  @Nullable List<Value> apply(Graph.Rewriting rewriting) {
    if (!isPlain(rewriting.node().attributes())) {
      return null;
    }
    Value x = requireNonNull(rewriting.inputs().get(0));
    Value weight = requireNonNull(rewriting.inputs().get(1));
    Value bias = rewriting.inputs().size() > 2 ? rewriting.inputs().get(2) : null;
    return pays(x, weight) ? List.of(convolution(x, weight, bias)) : null;
  }

  private static boolean isPlain(Attributes attributes) {
    return List.of(3L, 3L).equals(attributes.integers("kernel_shape"))
        && List.of(1L, 1L).equals(attributes.integers("strides"))
        && List.of(1L, 1L, 1L, 1L).equals(attributes.integers("pads"))
        && attributes.integer("group", 1) == 1
        && !attributes.has("dilations");
  }

  private boolean pays(Value x, Value weight) {
    Dim height = x.dim(2).bind(usualSizes);
    Dim width = x.dim(3).bind(usualSizes);
    return x.dtype() == DType.FLOAT32
        && height.isKnown()
        && width.isKnown()
        && Math.min(height.size(), width.size()) >= LEAST_SIDE
        && (isFrozen(weight) || height.size() * width.size() >= LEAST_PIXELS_TRAINED)
        && weight.dim(0).size() >= LEAST_CHANNELS
        && weight.dim(1).size() >= LEAST_CHANNELS
        && weight.dim(0).size() * weight.dim(1).size() <= MOST_FILTERS;
  }

  /** Whether it is known when a session opens, so that its filters are made once. */
  private static boolean isFrozen(Value value) {
    return value.origin() instanceof Node
        ? ((Node) value.origin())
            .inputs().stream().allMatch(input -> input == null || isFrozen(input))
        : !value.isInput();
  }

  private static Value convolution(Value x, Value weight, @Nullable Value bias) {
    List<Value> d = inputs(rows(padded(x)));
    List<Value> g = filters(weight);
    var m = new ArrayList<Value>();
    for (int i = 0; i < d.size(); i++) {
      // Every row of the result has the second product once: the place for the bias.
      m.add(d.get(i).conv(g.get(i), i == 1 ? bias : null, 1, new long[] {0, 1, 0, 1}));
    }
    Value interleaved = Value.concat(3, outputs(m));
    Value rows = interleaved.reshape(sizes(0, 0, -1, width(x)));
    Dim height = x.dim(2);
    return height.isKnown() && height.size() % ROWS == 0 ? rows : rows.first(2, height(x));
  }

  /** A row of zeros above, and below as many as make whole groups of rows and one more. */
  private static Value padded(Value x) {
    Value height = height(x);
    Value four = Value.constant((long) ROWS);
    Value whole = height.add(Value.constant(ROWS - 1L)).div(four).mul(four);
    Value below = whole.sub(height).add(Value.constant(1L));
    return x.pad(sizes(0, 0, 1, 0, 0, 0, below, 0));
  }

  private static Value height(Value x) {
    return x.shapeValue().slice(0, 2, 3);
  }

  private static Object width(Value x) {
    return x.dim(3).isKnown() ? (Object) x.dim(3).size() : x.shapeValue().slice(0, 3, 4);
  }

  /** An int64 vector of numbers and vectors of one element. */
  private static Value sizes(Object... sizes) {
    var parts = new ArrayList<Value>();
    for (Object size : sizes) {
      parts.add(size instanceof Value ? (Value) size : Value.constant(((Number) size).longValue()));
    }
    return Value.concat(0, parts);
  }

  /**
   * The six rows that each group of four rows of the result needs: [batch, channels, groups, w].
   */
  private static List<Value> rows(Value padded) {
    var rows = new ArrayList<Value>();
    for (int i = 0; i < ROWS + 2; i++) {
      long end = i == ROWS + 1 ? Long.MAX_VALUE : i - (ROWS + 1);
      rows.add(padded.slice(2, i, end, ROWS));
    }
    return rows;
  }

  /** Bᵀ d. */
  private static List<Value> inputs(List<Value> d) {
    Value even = d.get(4).sub(d.get(2).mul(4));
    Value odd = d.get(3).sub(d.get(1).mul(4));
    Value near = d.get(4).sub(d.get(2));
    Value far = d.get(3).sub(d.get(1)).mul(2);
    return List.of(
        d.get(0).sub(d.get(2)).mul(4).add(near),
        even.add(odd),
        even.sub(odd),
        near.add(far),
        near.sub(far),
        d.get(5).sub(d.get(3)).sub(far.mul(2)));
  }

  /** G g, of the rows of the filters. */
  private static List<Value> filters(Value weight) {
    Value top = weight.slice(2, 0, 1);
    Value middle = weight.slice(2, 1, 2);
    Value bottom = weight.slice(2, 2, 3);
    Value outer = top.add(bottom);
    Value mixed = top.mul(1 / 24f).add(bottom.mul(1 / 6f));
    Value twelfth = middle.mul(1 / 12f);
    return List.of(
        top.mul(1 / 4f),
        outer.add(middle).mul(-1 / 6f),
        outer.sub(middle).mul(-1 / 6f),
        mixed.add(twelfth),
        mixed.sub(twelfth),
        bottom);
  }

  /** Aᵀ m. */
  private static List<Value> outputs(List<Value> m) {
    Value sum = m.get(1).add(m.get(2));
    Value difference = m.get(1).sub(m.get(2));
    Value farSum = m.get(3).add(m.get(4));
    Value farDifference = m.get(3).sub(m.get(4));
    return List.of(
        m.get(0).add(sum).add(farSum),
        difference.add(farDifference.mul(2)),
        sum.add(farSum.mul(4)),
        difference.add(farDifference.mul(8)).add(m.get(5)));
  }
}
