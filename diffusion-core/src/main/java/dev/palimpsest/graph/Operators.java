package dev.palimpsest.graph;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.graph.Operator.Inference;
import dev.palimpsest.graph.Operator.Inputs;
import dev.palimpsest.graph.Operator.Type;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongBinaryOperator;
import org.jspecify.annotations.Nullable;

/** The table of operators that graphs are made of: one row an operator, at opset {@link #OPSET}. */
final class Operators {
  /** The version of ONNX's operator set that graphs are written in. */
  static final int OPSET = 20;

  static final String ONNX = "";
  static final String STOP_GRADIENT = "StopGradient";
  static final String MICROSOFT = "com.microsoft";

  private static final int ANY = Integer.MAX_VALUE;
  private static final Map<String, Operator> TABLE = new TreeMap<>();

  static {
    for (String name :
        List.of(
            "Neg",
            "Exp",
            "Log",
            "Sqrt",
            "Reciprocal",
            "Sigmoid",
            "Tanh",
            "Erf",
            "Sin",
            "Cos",
            "Relu",
            "Abs",
            "Floor",
            "Ceil",
            "Round",
            "Sign",
            "Softplus",
            "Not")) {
      row(name, 1, 1, Set.of(), (in, at) -> same(in));
    }
    row("Identity", 1, 1, Set.of(), (in, at) -> List.of(in.get(0).type()));
    // Not ONNX's: it is written as Identity.
    row(STOP_GRADIENT, 1, 1, Set.of(), (in, at) -> List.of(in.get(0).type()));
    row("Gelu", 1, 1, Set.of("approximate"), (in, at) -> same(in));
    row("LeakyRelu", 1, 1, Set.of("alpha"), (in, at) -> same(in));
    row("Elu", 1, 1, Set.of("alpha"), (in, at) -> same(in));
    row("Clip", 1, 3, Set.of(), (in, at) -> same(in));
    row("Softmax", 1, 1, Set.of("axis"), (in, at) -> same(in));
    row("LogSoftmax", 1, 1, Set.of("axis"), (in, at) -> same(in));
    row("Trilu", 1, 2, Set.of("upper"), (in, at) -> same(in));
    row("IsNaN", 1, 1, Set.of(), (in, at) -> List.of(Type.of(DType.BOOL, in.dims(0))));
    row("ScatterND", 3, 3, Set.of("reduction"), (in, at) -> same(in));
    row("ScatterElements", 3, 3, Set.of("axis", "reduction"), (in, at) -> same(in));
    row("CumSum", 2, 2, Set.of("exclusive", "reverse"), (in, at) -> same(in));

    row("Add", 2, 2, Set.of(), arithmetic((a, b) -> a.plus(b)));
    row("Sub", 2, 2, Set.of(), arithmetic((a, b) -> a.minus(b)));
    row("Mul", 2, 2, Set.of(), Operators::multiply);
    row("Div", 2, 2, Set.of(), arithmetic(Operators::divide));
    row("Mod", 2, 2, Set.of("fmod"), (in, at) -> List.of(Type.of(in.dtype(0), broadcast(in))));
    for (String name : List.of("Pow", "And", "Or", "Xor")) {
      row(name, 2, 2, Set.of(), (in, at) -> List.of(Type.of(in.dtype(0), broadcast(in))));
    }
    row("Min", 1, ANY, Set.of(), extreme(Math::min));
    row("Max", 1, ANY, Set.of(), extreme(Math::max));
    row("Sum", 1, ANY, Set.of(), (in, at) -> List.of(Type.of(in.dtype(0), broadcast(in))));
    row("Equal", 2, 2, Set.of(), Operators::equal);
    for (String name : List.of("Less", "Greater", "LessOrEqual", "GreaterOrEqual")) {
      row(name, 2, 2, Set.of(), (in, at) -> List.of(Type.of(DType.BOOL, broadcast(in))));
    }
    row("Where", 3, 3, Set.of(), Operators::where);
    row("Cast", 1, 1, Set.of("to", "saturate"), Operators::cast);

    row("MatMul", 2, 2, Set.of(), (in, at) -> matmul(in, false, false));
    row("Gemm", 2, 3, Set.of("transA", "transB", "alpha", "beta"), Operators::gemm);
    row(
        "Conv",
        2,
        3,
        Set.of("kernel_shape", "strides", "pads", "dilations", "group", "auto_pad"),
        Operators::conv);
    row(
        "ConvTranspose",
        2,
        3,
        Set.of("kernel_shape", "strides", "pads", "dilations", "group", "output_padding"),
        Operators::convTranspose);
    row(
        "AveragePool",
        1,
        1,
        Set.of("kernel_shape", "strides", "pads", "ceil_mode", "count_include_pad", "dilations"),
        Operators::pool);
    row("InstanceNormalization", 3, 3, Set.of("epsilon"), (in, at) -> same(in));
    row("LayerNormalization", 2, 3, Set.of("axis", "epsilon", "stash_type"), (in, at) -> same(in));

    for (String name :
        List.of(
            "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL2", "ReduceSumSquare")) {
      row(name, 1, 2, Set.of("keepdims", "noop_with_empty_axes"), Operators::reduce);
    }
    row("ReduceProd", 1, 2, Set.of("keepdims", "noop_with_empty_axes"), Operators::reduceProd);
    row("ArgMax", 1, 1, Set.of("axis", "keepdims", "select_last_index"), Operators::argMax);

    row("Transpose", 1, 1, Set.of("perm"), Operators::transpose);
    row("Reshape", 2, 2, Set.of("allowzero"), Operators::reshape);
    row("Flatten", 1, 1, Set.of("axis"), Operators::flatten);
    row("Concat", 1, ANY, Set.of("axis"), Operators::concat);
    row("Slice", 3, 5, Set.of(), Operators::slice);
    row("Split", 1, 2, Set.of("axis", "num_outputs"), Operators::split);
    row("Gather", 2, 2, Set.of("axis"), Operators::gather);
    row(
        "GatherElements",
        2,
        2,
        Set.of("axis"),
        (in, at) -> List.of(Type.of(in.dtype(0), in.dims(1))));
    row("GatherND", 2, 2, Set.of("batch_dims"), Operators::gatherNd);
    row("Tile", 2, 2, Set.of(), Operators::tile);
    row("Unsqueeze", 2, 2, Set.of(), Operators::unsqueeze);
    row("Squeeze", 1, 2, Set.of(), Operators::squeeze);
    row("Expand", 2, 2, Set.of(), Operators::expand);
    row("Pad", 2, 4, Set.of("mode"), Operators::pad);
    row("Resize", 1, 4, resizeAttributes(), Operators::resize);
    row("Shape", 1, 1, Set.of("start", "end"), Operators::shape);
    row("Size", 1, 1, Set.of(), Operators::size);
    row("ConstantOfShape", 1, 1, Set.of("value"), Operators::constantOfShape);
    row("Range", 3, 3, Set.of(), Operators::range);

    microsoft(
        "MultiHeadAttention",
        3,
        8,
        Set.of("num_heads", "scale", "unidirectional", "mask_filter_value"),
        Operators::multiHeadAttention);
    microsoft(
        "FusedMatMul",
        2,
        2,
        Set.of("transA", "transB", "alpha", "transBatchA", "transBatchB"),
        (in, at) -> matmul(in, at.integer("transA", 0) == 1, at.integer("transB", 0) == 1));
    microsoft("QuickGelu", 1, 1, Set.of("alpha"), (in, at) -> same(in));
    microsoft("Gelu", 1, 1, Set.of(), (in, at) -> same(in));
    microsoft("FastGelu", 1, 2, Set.of(), (in, at) -> same(in));
    microsoft("BiasGelu", 2, 2, Set.of(), (in, at) -> same(in));
  }

  private Operators() {}

  /**
   * The operator of that name.
   *
   * @throws IllegalArgumentException listing the operators there are
   */
  static Operator get(String domain, String name) {
    Operator operator = TABLE.get(key(domain, name));
    checkArgument(
        operator != null,
        "operator %s is not known; known are %s",
        key(domain, name),
        TABLE.keySet());
    return operator;
  }

  static Operator get(String name) {
    return get(ONNX, name);
  }

  static Set<String> names() {
    return Collections.unmodifiableSet(new TreeSet<>(TABLE.keySet()));
  }

  private static void row(
      String name, int min, int max, Set<String> attributes, Inference inference) {
    TABLE.put(name, new Operator(ONNX, name, min, max, attributes, inference));
  }

  private static void microsoft(
      String name, int min, int max, Set<String> attributes, Inference inference) {
    TABLE.put(key(MICROSOFT, name), new Operator(MICROSOFT, name, min, max, attributes, inference));
  }

  private static String key(String domain, String name) {
    return domain.isEmpty() || domain.equals("ai.onnx") ? name : domain + "." + name;
  }

  private static List<Type> same(Inputs in) {
    return List.of(Type.of(in.dtype(0), in.dims(0)));
  }

  private static Dims broadcast(Inputs in) {
    Dims dims = in.dims(0);
    for (int i = 1; i < in.count(); i++) {
      dims = Dims.broadcast(dims, in.dims(i));
    }
    return dims;
  }

  private interface DimArithmetic {
    Dim apply(Dim a, Dim b);
  }

  private static Inference arithmetic(DimArithmetic operation) {
    return (in, at) -> {
      checkArgument(
          in.dtype(0) == in.dtype(1), "element types differ: %s, %s", in.dtype(0), in.dtype(1));
      Dims dims = broadcast(in);
      List<Dim> contents =
          Contents.elementwise(in, dims, values -> operation.apply(values.get(0), values.get(1)));
      return List.of(new Type(in.dtype(0), dims, contents));
    };
  }

  /** An integer times 0 is 0, whatever it is. */
  private static List<Type> multiply(Inputs in, Attributes at) {
    List<Type> types = arithmetic(Dim::times).infer(in, at);
    Type type = types.get(0);
    boolean zero = isZero(in.get(0)) || isZero(in.get(1));
    return zero && Contents.isSmall(type.dims())
        ? List.of(
            new Type(
                type.dtype(),
                type.dims(),
                Collections.nCopies((int) type.dims().shape().elements(), Dim.of(0))))
        : types;
  }

  private static boolean isZero(Value value) {
    List<Dim> contents = value.contents();
    return contents != null && contents.stream().allMatch(dim -> dim.is(0));
  }

  /** Integer division drops the fraction; sizes, which symbols stand for, are not negative. */
  private static Dim divide(Dim a, Dim b) {
    return a.isKnown() && b.isKnown() ? Dim.of(a.size() / b.size()) : a.floorDiv(b);
  }

  private static Inference extreme(LongBinaryOperator operation) {
    return (in, at) -> {
      Dims dims = broadcast(in);
      List<Dim> contents =
          Contents.elementwise(
              in,
              dims,
              values ->
                  values.stream().allMatch(Dim::isKnown)
                      ? Dim.of(values.stream().mapToLong(Dim::size).reduce(operation).orElseThrow())
                      : values.stream().distinct().count() == 1 ? values.get(0) : null);
      return List.of(new Type(in.dtype(0), dims, contents));
    };
  }

  private static List<Type> equal(Inputs in, Attributes at) {
    Dims dims = broadcast(in);
    List<Dim> contents =
        Contents.elementwise(
            in,
            dims,
            values -> {
              Dim a = values.get(0);
              Dim b = values.get(1);
              boolean differ = a.isKnown() && b.isKnown() || isNegative(a) || isNegative(b);
              return a.equals(b) ? Dim.of(1) : differ ? Dim.of(0) : null;
            });
    return List.of(new Type(DType.BOOL, dims, contents));
  }

  private static boolean isNegative(Dim dim) {
    return dim.isKnown() && dim.size() < 0;
  }

  private static List<Type> where(Inputs in, Attributes at) {
    Dims dims = broadcast(in);
    List<Dim> contents =
        Contents.elementwise(
            in,
            dims,
            values -> {
              Dim condition = values.get(0);
              return condition.isKnown() ? values.get(condition.is(0) ? 2 : 1) : null;
            });
    return List.of(new Type(in.dtype(1), dims, contents));
  }

  private static List<Type> cast(Inputs in, Attributes at) {
    DType to = OnnxTypes.dtype((int) at.integer("to", 0));
    List<Dim> contents = to.isFloating() ? null : in.get(0).contents();
    if (contents != null && to == DType.BOOL) {
      boolean known = contents.stream().allMatch(Dim::isKnown);
      contents = known ? contents.stream().map(d -> Dim.of(d.is(0) ? 0 : 1)).toList() : null;
    }
    return List.of(new Type(to, in.dims(0), contents));
  }

  private static List<Type> matmul(Inputs in, boolean transA, boolean transB) {
    Dims a = transA ? swapLast(in.dims(0)) : in.dims(0);
    Dims b = transB ? swapLast(in.dims(1)) : in.dims(1);
    checkArgument(a.rank() >= 2 && b.rank() >= 2, "ranks must be at least 2: %s, %s", a, b);
    checkInner(a.get(-1), b.get(-2));
    Dims batch =
        Dims.broadcast(
            Dims.of(a.toList().subList(0, a.rank() - 2)),
            Dims.of(b.toList().subList(0, b.rank() - 2)));
    var dims = new ArrayList<>(batch.toList());
    dims.add(a.get(-2));
    dims.add(b.get(-1));
    return List.of(Type.of(in.dtype(0), Dims.of(dims)));
  }

  private static Dims swapLast(Dims dims) {
    return dims.with(-1, dims.get(-2)).with(-2, dims.get(-1));
  }

  private static void checkInner(Dim a, Dim b) {
    checkArgument(
        a.equals(b) || !a.isKnown() || !b.isKnown(), "inner dimensions differ: %s, %s", a, b);
  }

  private static List<Type> gemm(Inputs in, Attributes at) {
    Dims a = at.integer("transA", 0) == 1 ? swapLast(in.dims(0)) : in.dims(0);
    Dims b = at.integer("transB", 0) == 1 ? swapLast(in.dims(1)) : in.dims(1);
    checkArgument(a.rank() == 2 && b.rank() == 2, "Gemm needs matrices: %s, %s", a, b);
    checkInner(a.get(1), b.get(0));
    return List.of(Type.of(in.dtype(0), Dims.of(a.get(0), b.get(1))));
  }

  private static List<Type> conv(Inputs in, Attributes at) {
    Dims x = in.dims(0);
    Dims w = in.dims(1);
    checkArgument(x.rank() == w.rank() && x.rank() >= 3, "ranks must agree: %s, %s", x, w);
    checkArgument(!at.has("auto_pad"), "auto_pad is not supported, only pads");
    long group = at.integer("group", 1);
    checkArgument(
        !x.get(1).isKnown() || x.get(1).size() == w.get(1).size() * group,
        "%s channels do not fit weights %s in %s groups",
        x.get(1),
        w,
        group);
    var dims = new ArrayList<Dim>(List.of(x.get(0), w.get(0)));
    int spatial = x.rank() - 2;
    for (int i = 0; i < spatial; i++) {
      long extent = element(at, "dilations", i, 1) * (w.get(2 + i).size() - 1) + 1;
      dims.add(windows(x.get(2 + i), at, i, extent));
    }
    return List.of(Type.of(in.dtype(0), Dims.of(dims)));
  }

  private static Dim windows(Dim size, Attributes at, int axis, long extent) {
    List<Long> pads = at.integers("pads");
    long padding = pads == null ? 0 : pads.get(axis) + pads.get(axis + pads.size() / 2);
    return size.plus(padding - extent).floorDiv(Dim.of(element(at, "strides", axis, 1))).plus(1);
  }

  private static long element(Attributes at, String name, int index, long absent) {
    List<Long> list = at.integers(name);
    return list == null ? absent : list.get(index);
  }

  private static List<Type> convTranspose(Inputs in, Attributes at) {
    Dims x = in.dims(0);
    Dims w = in.dims(1);
    long group = at.integer("group", 1);
    var dims = new ArrayList<Dim>(List.of(x.get(0), w.get(1).times(Dim.of(group))));
    for (int i = 0; i < x.rank() - 2; i++) {
      List<Long> pads = at.integers("pads");
      long padding = pads == null ? 0 : pads.get(i) + pads.get(i + pads.size() / 2);
      long extent = element(at, "dilations", i, 1) * (w.get(2 + i).size() - 1) + 1;
      dims.add(
          x.get(2 + i)
              .plus(-1)
              .times(Dim.of(element(at, "strides", i, 1)))
              .plus(extent - padding + element(at, "output_padding", i, 0)));
    }
    return List.of(Type.of(in.dtype(0), Dims.of(dims)));
  }

  private static List<Type> pool(Inputs in, Attributes at) {
    Dims x = in.dims(0);
    checkArgument(at.integer("ceil_mode", 0) == 0, "ceil_mode is not supported");
    var dims = new ArrayList<Dim>(List.of(x.get(0), x.get(1)));
    for (int i = 0; i < x.rank() - 2; i++) {
      dims.add(windows(x.get(2 + i), at, i, element(at, "kernel_shape", i, 1)));
    }
    return List.of(Type.of(in.dtype(0), Dims.of(dims)));
  }

  private static List<Type> reduce(Inputs in, Attributes at) {
    Dims x = in.dims(0);
    var axes = new TreeSet<Integer>();
    if (in.has(1)) {
      for (long axis : in.integers(1)) {
        axes.add(x.axis((int) axis));
      }
    } else if (at.integer("noop_with_empty_axes", 0) == 0) {
      for (int axis = 0; axis < x.rank(); axis++) {
        axes.add(axis);
      }
    }
    return List.of(Type.of(in.dtype(0), reduced(x, axes, at.integer("keepdims", 1) == 1)));
  }

  private static List<Type> reduceProd(Inputs in, Attributes at) {
    Type type = reduce(in, at).get(0);
    List<Dim> factors = in.get(0).contents();
    boolean whole = in.dims(0).rank() == 1 && (in.has(1) || !at.has("noop_with_empty_axes"));
    List<Dim> contents = factors != null && whole ? List.of(Dims.of(factors).elements()) : null;
    return List.of(new Type(type.dtype(), type.dims(), contents));
  }

  private static Dims reduced(Dims x, Set<Integer> axes, boolean keep) {
    var dims = new ArrayList<Dim>();
    for (int axis = 0; axis < x.rank(); axis++) {
      if (!axes.contains(axis)) {
        dims.add(x.get(axis));
      } else if (keep) {
        dims.add(Dim.of(1));
      }
    }
    return Dims.of(dims);
  }

  private static List<Type> argMax(Inputs in, Attributes at) {
    Dims x = in.dims(0);
    int axis = x.axis((int) at.integer("axis", 0));
    return List.of(Type.of(DType.INT64, reduced(x, Set.of(axis), at.integer("keepdims", 1) == 1)));
  }

  private static List<Type> transpose(Inputs in, Attributes at) {
    Dims x = in.dims(0);
    List<Long> perm = at.integers("perm");
    var dims = new ArrayList<Dim>();
    for (int i = 0; i < x.rank(); i++) {
      dims.add(x.get(perm == null ? x.rank() - 1 - i : perm.get(i).intValue()));
    }
    checkArgument(perm == null || perm.size() == x.rank(), "perm %s does not fit %s", perm, x);
    List<Dim> contents =
        Contents.select(
            in.get(0),
            Dims.of(dims),
            (place, from) -> {
              for (int i = 0; i < place.length; i++) {
                from[perm == null ? place.length - 1 - i : perm.get(i).intValue()] = place[i];
              }
            });
    return List.of(new Type(in.dtype(0), Dims.of(dims), contents));
  }

  private static List<Type> reshape(Inputs in, Attributes at) {
    Dims x = in.dims(0);
    List<Dim> target = in.contents(1);
    var dims = new ArrayList<Dim>();
    int inferred = -1;
    for (int i = 0; i < target.size(); i++) {
      Dim dim = target.get(i);
      if (dim.is(-1)) {
        checkArgument(inferred < 0, "more than one -1 in %s", target);
        inferred = i;
      }
      boolean copy = dim.is(0) && at.integer("allowzero", 0) == 0;
      dims.add(dim.is(-1) ? Dim.of(1) : copy ? x.get(i) : dim);
    }
    if (inferred >= 0) {
      dims.set(inferred, rest(x, dims));
    }
    Dims out = Dims.of(dims);
    checkArgument(
        !x.isKnown() || !out.isKnown() || x.elements().equals(out.elements()),
        "cannot reshape %s to %s",
        x,
        out);
    return List.of(new Type(in.dtype(0), out, in.get(0).contents()));
  }

  /** The size that makes {@code dims} hold as many elements as {@code x}. */
  private static Dim rest(Dims x, List<Dim> dims) {
    var numerator = new ArrayList<>(x.toList());
    Dim divisor = Dim.of(1);
    for (Dim dim : dims) {
      if (!numerator.remove(dim)) {
        divisor = divisor.times(dim);
      }
    }
    Dim known = Dim.of(1);
    Dim symbolic = Dim.of(1);
    for (Dim dim : numerator) {
      if (dim.isKnown()) {
        known = known.times(dim);
      } else {
        symbolic = symbolic.times(dim);
      }
    }
    if (divisor.isKnown()
        && known.isKnown()
        && divisor.size() != 0
        && known.size() % divisor.size() == 0) {
      return Dim.of(known.size() / divisor.size()).times(symbolic);
    }
    return known.times(symbolic).floorDiv(divisor);
  }

  private static List<Type> flatten(Inputs in, Attributes at) {
    Dims x = in.dims(0);
    int axis = (int) at.integer("axis", 1);
    Dim before = Dims.of(x.toList().subList(0, axis)).elements();
    Dim after = Dims.of(x.toList().subList(axis, x.rank())).elements();
    return List.of(Type.of(in.dtype(0), Dims.of(before, after)));
  }

  private static List<Type> concat(Inputs in, Attributes at) {
    Dims first = in.dims(0);
    int axis = first.axis((int) at.integer("axis", 0));
    Dim size = Dim.of(0);
    for (int i = 0; i < in.count(); i++) {
      Dims dims = in.dims(i);
      checkArgument(dims.rank() == first.rank(), "ranks differ: %s, %s", first, dims);
      for (int other = 0; other < first.rank(); other++) {
        Dim a = first.get(other);
        Dim b = dims.get(other);
        checkArgument(
            other == axis || a.equals(b) || !a.isKnown() || !b.isKnown(),
            "%s and %s differ outside axis %s",
            first,
            dims,
            axis);
      }
      size = size.plus(dims.get(axis));
    }
    return List.of(new Type(in.dtype(0), first.with(axis, size), joined(in, axis)));
  }

  private static @Nullable List<Dim> joined(Inputs in, int axis) {
    var contents = new ArrayList<Dim>();
    for (int i = 0; i < in.count(); i++) {
      List<Dim> part = in.get(i).contents();
      if (part == null || axis != 0) {
        return null;
      }
      contents.addAll(part);
    }
    return contents.size() <= Contents.MOST ? contents : null;
  }

  private static List<Type> slice(Inputs in, Attributes at) {
    Dims x = in.dims(0);
    List<Dim> starts = in.contents(1);
    List<Dim> ends = in.contents(2);
    Dims dims = x;
    var first = new ArrayList<>(Collections.nCopies(x.rank(), Dim.of(0)));
    long[] steps = new long[x.rank()];
    Arrays.fill(steps, 1);
    for (int i = 0; i < starts.size(); i++) {
      int axis = in.has(3) ? x.axis((int) in.integers(3)[i]) : i;
      long step = in.has(4) ? in.integers(4)[i] : 1;
      checkArgument(step != 0, "a step is 0");
      Dim from = start(starts.get(i), x.get(axis), step);
      Dim to = bound(ends.get(i), x.get(axis), step < 0 ? -1 : 0);
      Dim length =
          step > 0
              ? to.minus(from).plus(step - 1).floorDiv(Dim.of(step))
              : from.minus(to).plus(-step - 1).floorDiv(Dim.of(-step));
      if (length.isKnown() && length.size() < 0) {
        length = Dim.of(0);
      }
      dims = dims.with(axis, length);
      first.set(axis, from);
      steps[axis] = step;
    }
    List<Dim> contents =
        Contents.select(
            in.get(0),
            dims,
            (place, from) -> {
              for (int axis = 0; axis < place.length; axis++) {
                from[axis] = (int) (first.get(axis).size() + place[axis] * steps[axis]);
              }
            });
    return List.of(new Type(in.dtype(0), dims, contents));
  }

  private static Dim start(Dim index, Dim size, long step) {
    Dim from = bound(index, size, 0);
    // Backwards, the first element is at most the last one of the axis.
    return step < 0 && from.equals(size) ? size.plus(-1) : from;
  }

  /** A slice's start or end, negative ones counted from the end, clamped to the axis. */
  private static Dim bound(Dim index, Dim size, long floor) {
    if (!index.isKnown()) {
      return index;
    }
    if (index.size() < 0) {
      Dim fromEnd = size.plus(index.size());
      boolean before = size.isKnown() ? fromEnd.size() < floor : index.size() < -(1L << 30);
      return before ? Dim.of(floor) : fromEnd;
    }
    boolean beyond = size.isKnown() ? index.size() > size.size() : index.size() > 1L << 30;
    return beyond ? size : index;
  }

  private static List<Type> split(Inputs in, Attributes at) {
    Dims x = in.dims(0);
    int axis = x.axis((int) at.integer("axis", 0));
    var types = new ArrayList<Type>();
    if (in.has(1)) {
      Dim start = Dim.of(0);
      for (Dim size : in.contents(1)) {
        types.add(new Type(in.dtype(0), x.with(axis, size), part(in.get(0), axis, start, size)));
        start = start.plus(size);
      }
    } else {
      long parts = at.integer("num_outputs", 2);
      checkArgument(1 <= parts && parts <= 1024, "num_outputs %s is not in 1..1024", parts);
      Dim size = x.get(axis).plus(parts - 1).floorDiv(Dim.of(parts));
      for (long i = 0; i < parts; i++) {
        Dim last = x.get(axis).minus(size.times(Dim.of(parts - 1)));
        types.add(Type.of(in.dtype(0), x.with(axis, i + 1 < parts ? size : last)));
      }
    }
    return types;
  }

  private static @Nullable List<Dim> part(Value x, int axis, Dim start, Dim size) {
    return Contents.select(
        x,
        x.dims().with(axis, size),
        (place, from) -> {
          System.arraycopy(place, 0, from, 0, from.length);
          from[axis] += (int) start.size();
        });
  }

  private static List<Type> gather(Inputs in, Attributes at) {
    Dims x = in.dims(0);
    int axis = x.axis((int) at.integer("axis", 0));
    var dims = new ArrayList<>(x.toList().subList(0, axis));
    dims.addAll(in.dims(1).toList());
    dims.addAll(x.toList().subList(axis + 1, x.rank()));
    return List.of(new Type(in.dtype(0), Dims.of(dims), gathered(in, Dims.of(dims), axis)));
  }

  private static @Nullable List<Dim> gathered(Inputs in, Dims out, int axis) {
    List<Dim> indices = in.get(1).contents();
    if (indices == null || !indices.stream().allMatch(Dim::isKnown)) {
      return null;
    }
    int indexRank = in.dims(1).rank();
    return Contents.select(
        in.get(0),
        out,
        (place, from) -> {
          int index = 0;
          for (int i = 0; i < indexRank; i++) {
            index = (int) (index * in.dims(1).get(i).size() + place[axis + i]);
          }
          System.arraycopy(place, 0, from, 0, axis);
          from[axis] = Math.floorMod(indices.get(index).size(), (int) in.dims(0).get(axis).size());
          System.arraycopy(place, axis + indexRank, from, axis + 1, from.length - axis - 1);
        });
  }

  private static List<Type> gatherNd(Inputs in, Attributes at) {
    Dims x = in.dims(0);
    Dims indices = in.dims(1);
    int batch = (int) at.integer("batch_dims", 0);
    int depth = Math.toIntExact(indices.get(-1).size());
    var dims = new ArrayList<>(indices.toList().subList(0, indices.rank() - 1));
    dims.addAll(x.toList().subList(batch + depth, x.rank()));
    return List.of(Type.of(in.dtype(0), Dims.of(dims)));
  }

  private static List<Type> tile(Inputs in, Attributes at) {
    Dims x = in.dims(0);
    List<Dim> repeats = in.contents(1);
    checkArgument(repeats.size() == x.rank(), "repeats %s do not fit %s", repeats, x);
    Dims dims = x;
    for (int axis = 0; axis < x.rank(); axis++) {
      dims = dims.with(axis, x.get(axis).times(repeats.get(axis)));
    }
    List<Dim> contents =
        Contents.select(
            in.get(0),
            dims,
            (place, from) -> {
              for (int axis = 0; axis < place.length; axis++) {
                from[axis] = (int) (place[axis] % x.get(axis).size());
              }
            });
    return List.of(new Type(in.dtype(0), dims, contents));
  }

  private static List<Type> unsqueeze(Inputs in, Attributes at) {
    Dims x = in.dims(0);
    long[] axes = in.integers(1);
    int rank = x.rank() + axes.length;
    var inserted = new TreeSet<Integer>();
    for (long axis : axes) {
      long place = axis < 0 ? axis + rank : axis;
      checkArgument(
          0 <= place && place < rank && inserted.add((int) place),
          "axes %s do not fit rank %s",
          in.contents(1),
          rank);
    }
    var rest = x.toList().iterator();
    var dims = new ArrayList<Dim>();
    for (int axis = 0; axis < rank; axis++) {
      dims.add(inserted.contains(axis) ? Dim.of(1) : rest.next());
    }
    return List.of(new Type(in.dtype(0), Dims.of(dims), in.get(0).contents()));
  }

  private static List<Type> squeeze(Inputs in, Attributes at) {
    Dims x = in.dims(0);
    var axes = new TreeSet<Integer>();
    if (in.has(1)) {
      for (long axis : in.integers(1)) {
        axes.add(x.axis((int) axis));
      }
    } else {
      for (int axis = 0; axis < x.rank(); axis++) {
        if (x.get(axis).is(1)) {
          axes.add(axis);
        }
      }
    }
    return List.of(new Type(in.dtype(0), reduced(x, axes, false), in.get(0).contents()));
  }

  private static List<Type> expand(Inputs in, Attributes at) {
    Dims dims = Dims.broadcast(in.dims(0), Dims.of(in.contents(1)));
    return List.of(new Type(in.dtype(0), dims, Contents.expand(in.get(0), dims)));
  }

  private static List<Type> pad(Inputs in, Attributes at) {
    Dims dims = in.dims(0);
    List<Dim> pads = in.contents(1);
    int padded = pads.size() / 2;
    for (int i = 0; i < padded; i++) {
      int axis = in.has(3) ? dims.axis((int) in.integers(3)[i]) : i;
      dims = dims.with(axis, dims.get(axis).plus(pads.get(i)).plus(pads.get(i + padded)));
    }
    return List.of(Type.of(in.dtype(0), dims));
  }

  private static Set<String> resizeAttributes() {
    return Set.of(
        "mode",
        "coordinate_transformation_mode",
        "nearest_mode",
        "cubic_coeff_a",
        "antialias",
        "axes",
        "keep_aspect_ratio_policy",
        "exclude_outside",
        "extrapolation_value");
  }

  private static List<Type> resize(Inputs in, Attributes at) {
    if (in.has(3)) {
      return List.of(Type.of(in.dtype(0), Dims.of(in.contents(3))));
    }
    Dims dims = in.dims(0);
    Tensor scales = in.get(2).constant();
    checkArgument(scales != null, "scales must be constant");
    float[] factors = scales.floats();
    for (int axis = 0; axis < dims.rank(); axis++) {
      Dim size = dims.get(axis);
      if (size.isKnown()) {
        dims = dims.with(axis, Dim.of((long) Math.floor(size.size() * (double) factors[axis])));
      } else {
        checkArgument(
            factors[axis] == Math.rint(factors[axis]),
            "a symbolic size %s cannot be scaled by %s",
            size,
            factors[axis]);
        dims = dims.with(axis, size.times(Dim.of((long) factors[axis])));
      }
    }
    return List.of(Type.of(in.dtype(0), dims));
  }

  private static List<Type> shape(Inputs in, Attributes at) {
    List<Dim> dims = in.dims(0).toList();
    int start = clampAxis(at.integer("start", 0), dims.size());
    int end = clampAxis(at.integer("end", dims.size()), dims.size());
    List<Dim> contents = dims.subList(start, Math.max(start, end));
    return List.of(new Type(DType.INT64, Dims.of(contents.size()), contents));
  }

  private static List<Type> size(Inputs in, Attributes at) {
    return List.of(new Type(DType.INT64, Dims.of(List.of()), List.of(in.dims(0).elements())));
  }

  private static int clampAxis(long axis, int rank) {
    return (int) Math.max(0, Math.min(rank, axis < 0 ? axis + rank : axis));
  }

  private static List<Type> constantOfShape(Inputs in, Attributes at) {
    DType dtype = at.has("value") ? at.tensor("value").dtype() : DType.FLOAT32;
    List<Dim> target = in.contents(0);
    List<Dim> contents = null;
    if (!dtype.isFloating() && Contents.isSmall(Dims.of(target))) {
      int count = (int) Dims.of(target).shape().elements();
      contents = Collections.nCopies(count, Dim.of(at.tensor("value").longs()[0]));
    }
    return List.of(new Type(dtype, Dims.of(target), contents));
  }

  private static List<Type> range(Inputs in, Attributes at) {
    Dim start = in.contents(0).get(0);
    Dim limit = in.contents(1).get(0);
    Dim step = in.contents(2).get(0);
    Dim count = limit.minus(start).plus(step).plus(-1).floorDiv(step);
    List<Dim> contents = null;
    if (Contents.isSmall(Dims.of(count))) {
      contents = new ArrayList<>();
      for (int i = 0; i < count.size(); i++) {
        contents.add(start.plus(step.times(Dim.of(i))));
      }
    }
    return List.of(new Type(in.dtype(0), Dims.of(count), contents));
  }

  private static List<Type> multiHeadAttention(Inputs in, Attributes at) {
    Dims q = in.dims(0);
    Dims k = in.dims(1);
    Dims v = in.dims(2);
    checkArgument(
        q.rank() == 3 && k.rank() == 3 && v.rank() == 3,
        "needs [batch, tokens, width] inputs: %s, %s, %s",
        q,
        k,
        v);
    checkInner(q.get(2), k.get(2));
    checkInner(k.get(1), v.get(1));
    return List.of(Type.of(in.dtype(0), q.with(2, v.get(2))));
  }
}
