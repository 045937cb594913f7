package dev.palimpsest.autodiff;

import static dev.palimpsest.autodiff.Ops.op;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.graph.Attributes;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

/** For each row of the table of rules a maker of random applications of its operator. */
final class RuleSamples {
  private static final Attributes NONE = Attributes.NONE;
  private static final Map<String, Function<Draw, List<Value>>> TABLE = new TreeMap<>();

  /** What ONNX Runtime's CPU kernels compute in float32 only. */
  static final Set<String> FLOAT32 =
      Set.of(
          "AveragePool",
          "Cast",
          "Conv",
          "ConvTranspose",
          "Cos",
          "Elu",
          "Erf",
          "Gelu",
          "InstanceNormalization",
          "LeakyRelu",
          "Resize",
          "Sin",
          "Softplus",
          "com.microsoft.BiasGelu",
          "com.microsoft.FastGelu",
          "com.microsoft.Gelu",
          "com.microsoft.MultiHeadAttention",
          "com.microsoft.QuickGelu",
          "group normalisation");

  static {
    arithmetic();
    functions();
    choices();
    reductions();
    shapes();
    selections();
    scatters();
    products();
    pictures();
    normalisations();
  }

  private RuleSamples() {}

  static Set<String> names() {
    return Collections.unmodifiableSet(TABLE.keySet());
  }

  static List<Value> outputs(String name, Draw draw) {
    return requireNonNull(TABLE.get(name)).apply(draw);
  }

  private static void sample(String name, Function<Draw, Value> maker) {
    TABLE.put(name, draw -> List.of(maker.apply(draw)));
  }

  private static void arithmetic() {
    for (String name : List.of("Add", "Sub", "Mul")) {
      sample(
          name,
          d -> {
            long[] shape = d.shape();
            Value a = d.x(shape);
            Value b = d.flip() ? a : d.x(d.narrower(shape));
            return d.flip() ? op(name, a, b) : op(name, b, a);
          });
    }
    sample(
        "Div",
        d -> {
          long[] shape = d.shape();
          return d.flip()
              ? d.x(shape).div(d.positive(d.narrower(shape)))
              : d.x(d.narrower(shape)).div(d.positive(shape));
        });
    sample(
        "Pow",
        d -> {
          long[] shape = d.shape();
          return d.flip()
              ? op("Pow", d.positive(d.narrower(shape)), d.x(shape))
              : op("Pow", d.positive(shape), d.scalar(d.oneOf(2.0, 3.0, -1.0, 0.5)));
        });
    sample(
        "Sum",
        d -> {
          long[] shape = d.shape();
          return op("Sum", d.x(shape), d.x(d.narrower(shape)), d.x(d.narrower(shape)));
        });
    sample("Identity", d -> op("Identity", d.x(d.shape())));
    sample("Neg", d -> d.x(d.shape()).neg());
    sample("Reciprocal", d -> op("Reciprocal", d.positive(d.shape())));
    sample("Cast", d -> d.x(d.shape()).cast(DType.FLOAT64));
  }

  private static void functions() {
    for (String name :
        List.of("Exp", "Sin", "Cos", "Tanh", "Sigmoid", "Softplus", "Erf", "com.microsoft.Gelu")) {
      sample(name, d -> op(name, d.x(d.shape())));
    }
    sample("Log", d -> d.positive(d.shape()).log());
    sample("Sqrt", d -> d.positive(d.shape()).sqrt());
    sample("Abs", d -> op("Abs", d.apart(d.shape())));
    sample("Relu", d -> d.apart(d.shape()).relu());
    sample("LeakyRelu", d -> op("LeakyRelu", alpha(d), d.apart(d.shape())));
    sample("Elu", d -> op("Elu", alpha(d), d.apart(d.shape())));
    sample(
        "Gelu", d -> op("Gelu", NONE.with("approximate", d.oneOf("none", "tanh")), d.x(d.shape())));
    sample("com.microsoft.QuickGelu", d -> op("com.microsoft.QuickGelu", alpha(d), d.x(d.shape())));
    for (String name : List.of("com.microsoft.BiasGelu", "com.microsoft.FastGelu")) {
      sample(
          name,
          d -> {
            long[] shape = d.shape(3);
            return op(name, d.x(shape), d.x(shape[2]));
          });
    }
    sample(
        "x·σ(x)",
        d -> {
          Value x = d.x(d.shape());
          return d.flip() ? x.silu() : x.sigmoid().mul(x);
        });
  }

  private static Attributes alpha(Draw d) {
    return NONE.with("alpha", d.oneOf(0.2f, 0.7f, 1.5f));
  }

  private static void choices() {
    sample(
        "Where",
        d -> {
          long[] shape = d.shape();
          Value condition = op("Greater", d.fixed(d.narrower(shape)), d.scalar(0));
          return condition.where(d.x(shape), d.x(d.narrower(shape)));
        });
    sample(
        "Clip",
        d -> {
          Value x = d.apart(d.shape());
          Value low = d.flip() ? d.scalar(-0.4) : null;
          return d.flip() ? op("Clip", x, low) : op("Clip", x, low, d.scalar(0.8));
        });
    for (String name : List.of("Max", "Min")) {
      sample(
          name,
          d -> {
            long[] shape = d.shape(3);
            // Elements of one input are 0.4 apart, so shifting by 0.2 keeps all apart.
            Value all = d.apart(2, shape[0], shape[1], shape[2]);
            Value a = all.slice(0, 0, 1);
            Value b = all.slice(0, 1, 2);
            return op(name, a, b, d.scalar(0));
          });
    }
  }

  private static void reductions() {
    for (String name : List.of("ReduceSum", "ReduceMean", "ReduceSumSquare")) {
      sample(name, d -> reduction(d, name, d.x(d.shape())));
    }
    // A length has a corner at 0, near which differences are no derivatives.
    sample("ReduceL2", d -> reduction(d, "ReduceL2", d.apart(d.shape())));
    sample("ReduceMax", d -> reduction(d, "ReduceMax", d.apart(d.shape())));
    sample("ReduceMin", d -> reduction(d, "ReduceMin", d.apart(d.shape())));
    sample(
        "CumSum",
        d -> {
          long[] shape = d.shape();
          Attributes attributes =
              NONE.with("reverse", d.flip() ? 1L : 0L).with("exclusive", d.flip() ? 1L : 0L);
          Value axis = Value.constant(Tensor.scalar((long) d.axis(shape.length)));
          return op("CumSum", attributes, d.x(shape), axis);
        });
  }

  private static Value reduction(Draw d, String name, Value x) {
    Attributes attributes = NONE.with("keepdims", d.flip() ? 1L : 0L);
    return d.between(0, 3) == 0
        ? op(name, attributes, x)
        : op(name, attributes, x, Value.constant(d.axes(x.dims().rank())));
  }

  private static void shapes() {
    sample(
        "Reshape",
        d -> {
          long[] shape = d.shape(3);
          return d.flip() ? d.x(shape).reshape(0, -1) : d.x(shape).reshape(-1, shape[1]);
        });
    sample(
        "Flatten", d -> op("Flatten", NONE.with("axis", (long) d.between(0, 3)), d.x(d.shape(3))));
    sample(
        "Squeeze", d -> d.flip() ? d.x(1, 3, 1, 2).squeeze(0, -2) : op("Squeeze", d.x(1, 3, 1, 2)));
    sample("Unsqueeze", d -> d.x(d.shape(2)).unsqueeze(d.flip() ? 0 : -1, 2));
    sample(
        "Expand",
        d -> {
          long[] shape = d.shape();
          return d.x(d.narrower(shape)).expand(Value.constant(shape));
        });
    sample(
        "Transpose",
        d ->
            d.flip()
                ? d.x(d.shape(4)).transpose(d.permutation(4))
                : op("Transpose", d.x(d.shape(3))));
    sample("Tile", d -> op("Tile", d.x(d.shape(3)), Value.constant(d.shape(3))));
    sample(
        "Concat",
        d -> {
          long[] shape = d.shape(3);
          int axis = d.axis(3);
          long[] other = shape.clone();
          other[Math.floorMod(axis, 3)] = d.between(1, 4);
          return Value.concat(axis, d.x(shape), d.x(other), d.x(shape));
        });
    TABLE.put(
        "Split",
        d -> {
          int axis = d.between(0, 2);
          long[] shape = d.shape(3);
          shape[axis] = 6;
          List<Value> parts = d.x(shape).split(axis, 1, 3, 2);
          return d.flip() ? parts : List.of(parts.get(2), parts.get(0));
        });
    sample(
        "Trilu",
        d -> {
          Attributes upper = NONE.with("upper", d.flip() ? 1L : 0L);
          Value k = Value.constant(Tensor.scalar((long) d.between(-2, 2)));
          return d.flip() ? op("Trilu", upper, d.x(d.shape(3))) : op("Trilu", upper, d.x(4, 3), k);
        });
  }

  private static void selections() {
    sample(
        "Slice",
        d -> {
          long[] shape = {d.between(3, 7), d.between(3, 7), 2};
          long[] axes = d.flip() ? new long[] {0, 1} : new long[] {-2, 0};
          long[] from = {d.between(-3, 1), d.between(0, 2)};
          long[] to = {Long.MAX_VALUE, d.flip() ? -1 : 3};
          long[] steps = {d.between(1, 3), d.between(1, 2)};
          if (d.flip()) {
            from = new long[] {d.flip() ? -1 : 100, d.between(1, 2)};
            to = new long[] {Long.MIN_VALUE, d.flip() ? 0 : Long.MIN_VALUE};
            steps = new long[] {-d.between(1, 3), -1};
          }
          return Ops.slice(d.x(shape), axes, from, to, steps);
        });
    sample(
        "Pad",
        d -> {
          long[] pads = new long[6];
          Arrays.setAll(pads, i -> d.between(-1, 2));
          Value x = d.x(3, 4, 5);
          return d.flip()
              ? x.pad(Value.constant(pads))
              : op("Pad", x, Value.constant(1, 0, 2, -1), null, Value.constant(-1, 0));
        });
    sample(
        "Gather",
        d -> {
          long[] shape = d.shape(d.between(1, 3));
          int axis = d.axis(shape.length);
          long bound = shape[Math.floorMod(axis, shape.length)];
          return d.x(shape).gather(d.indices(bound, d.shape(d.between(0, 2))), axis);
        });
    sample(
        "GatherElements",
        d -> {
          long[] shape = d.shape(3);
          int axis = d.axis(3);
          long[] chosen = shape.clone();
          chosen[Math.floorMod(axis, 3)] = d.between(1, 5);
          long bound = shape[Math.floorMod(axis, 3)];
          return d.x(shape).gatherElements(d.indices(bound, chosen), axis);
        });
    sample("GatherND", d -> op("GatherND", d.x(3, 3, 2), d.indices(3, 4, d.between(1, 2))));
  }

  private static void scatters() {
    sample(
        "ScatterElements",
        d -> {
          if (d.flip()) {
            Attributes add = NONE.with("reduction", "add").with("axis", 1L);
            return op("ScatterElements", add, d.x(2, 5), d.indices(5, 2, 3), d.x(2, 3));
          }
          Value indices = Value.constant(Tensor.of(Shape.of(2, 3), 3L, 0L, 1L, 4L, 2L, 0L));
          return op("ScatterElements", NONE.with("axis", 1L), d.x(2, 5), indices, d.x(2, 3));
        });
    sample(
        "ScatterND",
        d -> {
          if (d.flip()) {
            Attributes add = NONE.with("reduction", "add");
            return op("ScatterND", add, d.x(4, 3), d.indices(4, 5, 1), d.x(5, 3));
          }
          Value indices = Value.constant(Tensor.of(Shape.of(2, 1), 3L, 1L));
          return op("ScatterND", d.x(4, 3), indices, d.x(2, 3));
        });
  }

  private static void products() {
    sample(
        "MatMul",
        d -> {
          long[] s = d.shape(5);
          Value a = d.flip() ? d.x(s[0], s[1], s[2], s[3]) : d.x(s[2], s[3]);
          long[][] right = {{s[3], s[4]}, {s[1], s[3], s[4]}, {s[0], 1, s[3], s[4]}};
          Value b = d.x(d.oneOf(right));
          return a.matmul(b);
        });
    sample(
        "Gemm",
        d -> {
          long[] s = d.shape(3);
          boolean transA = d.flip();
          boolean transB = d.flip();
          Attributes attributes =
              NONE.with("transA", transA ? 1L : 0L)
                  .with("transB", transB ? 1L : 0L)
                  .with("alpha", d.oneOf(1f, 0.5f))
                  .with("beta", d.oneOf(1f, 2f));
          Value a = transA ? d.x(s[1], s[0]) : d.x(s[0], s[1]);
          Value b = transB ? d.x(s[2], s[1]) : d.x(s[1], s[2]);
          long[][] bias = {{s[2]}, {s[0], s[2]}, {s[0], 1}, {1}};
          return d.flip()
              ? op("Gemm", attributes, a, b)
              : op("Gemm", attributes, a, b, d.x(d.oneOf(bias)));
        });
    sample(
        "com.microsoft.FusedMatMul",
        d -> {
          long[] s = d.shape(4);
          boolean transA = d.flip();
          boolean transB = d.flip();
          Attributes attributes =
              NONE.with("transA", transA ? 1L : 0L)
                  .with("transB", transB ? 1L : 0L)
                  .with("alpha", d.oneOf(1f, 0.5f));
          Value a = transA ? d.x(s[0], s[2], s[1]) : d.x(s[0], s[1], s[2]);
          Value b = transB ? d.x(s[3], s[2]) : d.x(s[2], s[3]);
          return op("com.microsoft.FusedMatMul", attributes, a, b);
        });
    sample(
        "com.microsoft.MultiHeadAttention",
        d -> {
          int heads = d.between(1, 3);
          long width = heads * d.between(1, 4);
          long batch = d.between(1, 2);
          long tokens = d.between(1, 5);
          boolean causal = d.flip();
          long keys = causal ? tokens : d.between(1, 6);
          Value value = d.x(batch, keys, (long) heads * d.between(1, 3));
          Value query = d.x(batch, tokens, width);
          return query.multiHeadAttention(d.x(batch, keys, width), value, heads, causal);
        });
  }

  private static void pictures() {
    sample("Conv", d -> d.flip() ? conv2d(d) : conv1d(d));
    sample("ConvTranspose", RuleSamples::convTranspose);
    sample(
        "AveragePool",
        d -> {
          if (d.flip()) {
            long k = d.between(1, 3);
            return d.x(2, 3, 2 * k, k).averagePool((int) k, (int) k);
          }
          Attributes attributes =
              NONE.withAll("kernel_shape", 3, 2)
                  .withAll("strides", d.between(1, 3), d.between(1, 2))
                  .withAll("pads", d.between(0, 1), d.between(0, 1), d.between(0, 1), 0)
                  .with("count_include_pad", d.flip() ? 1L : 0L);
          return op("AveragePool", attributes, d.x(1, 2, d.between(4, 6), d.between(4, 6)));
        });
    sample("Resize", RuleSamples::resize);
  }

  private static Value conv2d(Draw d) {
    long group = d.oneOf(1L, 1L, 2L);
    long in = d.between(1, 3);
    long[] kernel = {d.between(1, 3), d.between(1, 3)};
    Attributes attributes = NONE.withAll("kernel_shape", kernel).with("group", group);
    if (d.between(0, 2) > 0) {
      attributes =
          attributes
              .withAll("strides", d.between(1, 3), d.between(1, 2))
              .withAll("pads", d.between(0, 2), d.between(0, 2), d.between(0, 2), d.between(0, 2))
              .withAll("dilations", d.between(1, 2), 1);
    }
    Value x = d.x(d.between(1, 2), group * in, d.between(5, 7), d.between(5, 7));
    long out = group * d.between(1, 3);
    Value weight = d.x(out, in, kernel[0], kernel[1]);
    return d.flip()
        ? op("Conv", attributes, x, weight)
        : op("Conv", attributes, x, weight, d.x(out));
  }

  private static Value conv1d(Draw d) {
    Attributes attributes =
        NONE.withAll("kernel_shape", 3).withAll("strides", d.between(1, 2)).withAll("pads", 1, 2);
    return op("Conv", attributes, d.x(2, 3, d.between(3, 8)), d.x(2, 3, 3), d.x(2));
  }

  private static Value convTranspose(Draw d) {
    long group = d.oneOf(1L, 2L);
    long stride = d.between(1, 3);
    Attributes attributes =
        NONE.withAll("kernel_shape", 3, 3)
            .withAll("strides", stride, stride)
            .withAll("pads", d.between(0, 1), d.between(0, 1), d.between(0, 1), d.between(0, 1))
            .withAll("output_padding", stride - 1, 0)
            .with("group", group);
    Value x = d.x(d.between(1, 2), 2 * group, d.between(2, 4), d.between(2, 4));
    Value weight = d.x(2 * group, 2, 3, 3);
    return op("ConvTranspose", attributes, x, weight, d.x(2 * group));
  }

  private static Value resize(Draw d) {
    if (d.flip()) {
      return d.x(2, 3, d.between(1, 4), d.between(1, 4)).resizeNearest(d.between(1, 3));
    }
    String mode = d.oneOf("nearest", "linear");
    Attributes attributes =
        NONE.with("mode", mode)
            .with(
                "coordinate_transformation_mode",
                d.oneOf("asymmetric", "half_pixel", "pytorch_half_pixel", "align_corners"))
            .with(
                "nearest_mode",
                d.oneOf("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"));
    Value sizes = Value.constant(1, 2, d.between(1, 9), d.between(1, 9));
    return op("Resize", attributes, d.x(1, 2, d.between(2, 5), d.between(2, 5)), null, null, sizes);
  }

  private static void normalisations() {
    for (String name : List.of("Softmax", "LogSoftmax")) {
      sample(
          name,
          d -> {
            long[] shape = d.shape();
            return op(name, NONE.with("axis", (long) d.axis(shape.length)), d.x(shape));
          });
    }
    sample(
        "InstanceNormalization",
        d ->
            op(
                "InstanceNormalization",
                NONE.with("epsilon", 0.1f),
                d.x(2, 3, d.between(2, 4), 2),
                d.x(3),
                d.x(3)));
    sample(
        "LayerNormalization",
        d -> {
          Attributes attributes = NONE.with("axis", -1L).with("epsilon", 0.1f);
          long width = d.between(2, 6);
          Value x = d.x(2, d.between(1, 3), width);
          return d.flip()
              ? op("LayerNormalization", attributes, x, d.x(width))
              : op("LayerNormalization", attributes, x, d.x(width), d.x(width));
        });
    sample(
        "group normalisation",
        d -> {
          int groups = d.between(1, 3);
          long channels = groups * d.between(1, 3);
          Value x = d.flip() ? d.x(2, channels, 3, 2) : d.x(1, channels, 4);
          return x.groupNorm(groups, d.x(channels), d.x(channels), 0.1f);
        });
    sample(
        "layer normalisation",
        d -> {
          long width = d.between(2, 6);
          Value x = d.flip() ? d.x(2, 3, width) : d.x(3, width);
          return x.layerNorm(d.x(width), d.x(width), 0.1f);
        });
  }
}
