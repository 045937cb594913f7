package dev.palimpsest.graph;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.graph.Operator.Type;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A value of a network's graph: it knows the operator and the inputs that make it, its element type
 * and its shape. Methods apply operators and return new values; nothing is computed until a session
 * runs the graph. Two-operand methods broadcast as numpy does. Immutable.
 *
 * <p>Operators are ONNX's unless a method says otherwise (<a
 * href="https://onnx.ai/onnx/operators/">reference</a>).
 */
public final class Value {
  private final Origin origin;
  private final int index;
  private final Type type;
  private final @Nullable String name;

  Value(Origin origin, int index, Type type, @Nullable String name) {
    this.origin = origin;
    this.index = index;
    this.type = type;
    this.name = name;
  }

  /** A tensor that is given at each run. */
  public static Value input(String name, DType dtype, Dims dims) {
    return leaf(Origin.Kind.INPUT, name, null, Type.of(dtype, dims));
  }

  /** A weight: its data lives outside the graph and is found by its name. */
  public static Value parameter(String name, DType dtype, Shape shape) {
    return leaf(Origin.Kind.PARAMETER, name, null, Type.of(dtype, Dims.of(shape)));
  }

  /** Data inside the graph; meant for small tensors. */
  public static Value constant(Tensor data) {
    List<Dim> contents = null;
    if (!data.dtype().isFloating() && data.elements() <= Contents.MOST) {
      contents = Arrays.stream(data.longs()).mapToObj(Dim::of).collect(Collectors.toList());
    }
    var type = new Type(data.dtype(), Dims.of(data.shape()), contents);
    return leaf(Origin.Kind.CONSTANT, "", data, type);
  }

  public static Value constant(float value) {
    return constant(Tensor.scalar(value));
  }

  /** An int64 vector of one element. */
  public static Value constant(long value) {
    return constant(new long[] {value});
  }

  /** An int64 vector. */
  public static Value constant(long... values) {
    return constant(Tensor.of(Shape.of(values.length), values));
  }

  private static Value leaf(Origin.Kind kind, String name, @Nullable Tensor data, Type type) {
    return new Value(new Origin.Leaf(kind, name, data), 0, type, null);
  }

  public DType dtype() {
    return type.dtype();
  }

  public Dims dims() {
    return type.dims();
  }

  public Dim dim(int axis) {
    return type.dims().get(axis);
  }

  /**
   * The shape.
   *
   * @throws IllegalStateException if a dimension is symbolic
   */
  public Shape shape() {
    return type.dims().shape();
  }

  public boolean isParameter() {
    return isLeaf(Origin.Kind.PARAMETER);
  }

  public boolean isInput() {
    return isLeaf(Origin.Kind.INPUT);
  }

  /** The data of a constant; null for any other value. */
  public @Nullable Tensor constant() {
    return isLeaf(Origin.Kind.CONSTANT) ? ((Origin.Leaf) origin).data() : null;
  }

  private boolean isLeaf(Origin.Kind kind) {
    return origin instanceof Origin.Leaf && ((Origin.Leaf) origin).kind() == kind;
  }

  /** The name of an input or parameter, or the name that {@link #named} gave; otherwise null. */
  public @Nullable String name() {
    if (name != null || !(origin instanceof Origin.Leaf)) {
      return name;
    }
    String leaf = ((Origin.Leaf) origin).name();
    return leaf.isEmpty() ? null : leaf;
  }

  /** This value under a name, which graphs that contain it use. Leaves keep their own. */
  public Value named(String name) {
    return origin instanceof Origin.Leaf ? this : new Value(origin, index, type, name);
  }

  Origin origin() {
    return origin;
  }

  /** What computes this value; null for inputs, parameters and constants. */
  public @Nullable Node node() {
    return origin instanceof Node ? (Node) origin : null;
  }

  /** Which output of {@link #node} this is. */
  public int index() {
    return index;
  }

  /**
   * The elements of a small integer vector, such as sizes or axes, where they follow from the
   * graph; otherwise null.
   */
  public long @Nullable [] integers() {
    List<Dim> contents = contents();
    return contents == null || !contents.stream().allMatch(Dim::isKnown)
        ? null
        : contents.stream().mapToLong(Dim::size).toArray();
  }

  Type type() {
    return type;
  }

  @Nullable List<Dim> contents() {
    return type.contents();
  }

  /** Whether both are the same output of the same node, whatever they are called. */
  boolean isSame(Value other) {
    return origin == other.origin && index == other.index;
  }

  // Elementwise.

  public Value add(Value other) {
    return apply("Add", this, other);
  }

  public Value add(float term) {
    return add(like(term));
  }

  public Value sub(Value other) {
    return apply("Sub", this, other);
  }

  public Value mul(Value other) {
    return apply("Mul", this, other);
  }

  public Value mul(float factor) {
    return mul(like(factor));
  }

  public Value div(Value other) {
    return apply("Div", this, other);
  }

  public Value div(float divisor) {
    return div(like(divisor));
  }

  public Value neg() {
    return apply("Neg", this);
  }

  public Value exp() {
    return apply("Exp", this);
  }

  public Value log() {
    return apply("Log", this);
  }

  public Value sqrt() {
    return apply("Sqrt", this);
  }

  public Value sin() {
    return apply("Sin", this);
  }

  public Value cos() {
    return apply("Cos", this);
  }

  public Value tanh() {
    return apply("Tanh", this);
  }

  public Value relu() {
    return apply("Relu", this);
  }

  public Value sigmoid() {
    return apply("Sigmoid", this);
  }

  /** x·σ(x), also called swish. */
  public Value silu() {
    return mul(sigmoid());
  }

  /** x·Φ(x) by the error function. */
  public Value gelu() {
    return apply("Gelu", this);
  }

  /** x·σ(1.702·x), the approximation that OpenAI's CLIP was trained with. */
  public Value quickGelu() {
    return mul(mul(1.702f).sigmoid());
  }

  public Value equalTo(Value other) {
    return apply("Equal", this, other);
  }

  /** The smaller of two at each place. */
  public Value min(Value other) {
    return apply("Min", this, other);
  }

  /** The larger of two at each place. */
  public Value max(Value other) {
    return apply("Max", this, other);
  }

  /** {@code yes} where this boolean value is true, {@code no} elsewhere. */
  public Value where(Value yes, Value no) {
    return apply("Where", this, yes, no);
  }

  public Value cast(DType dtype) {
    return dtype == dtype()
        ? this
        : apply("Cast", Attributes.NONE.with("to", (long) OnnxTypes.number(dtype)), this);
  }

  /** This value as a constant to gradients, which do not flow through it. */
  public Value detached() {
    return apply(Operators.STOP_GRADIENT, this);
  }

  // Products.

  public Value matmul(Value other) {
    return apply("MatMul", this, other);
  }

  /**
   * x·Wᵀ + b over the last axis, as torch's Linear.
   *
   * @param weight [out, in]
   * @param bias [out], or null for none
   */
  public Value linear(Value weight, @Nullable Value bias) {
    Value product = matmul(weight.transpose(1, 0));
    return bias == null ? product : product.add(bias);
  }

  /**
   * Two-dimensional convolution of [batch, channels, height, width].
   *
   * @param weight [out, in / groups, kernel height, kernel width]
   * @param bias [out], or null for none
   * @param padding zeros added on all four sides
   */
  public Value conv(Value weight, @Nullable Value bias, int stride, int padding) {
    return conv(weight, bias, stride, new long[] {padding, padding, padding, padding});
  }

  /**
   * {@link #conv(Value, Value, int, int)} with uneven padding.
   *
   * @param pads zeros added at the top, left, bottom, right
   */
  public Value conv(Value weight, @Nullable Value bias, int stride, long[] pads) {
    Attributes attributes =
        Attributes.NONE
            .withAll("kernel_shape", weight.dim(2).size(), weight.dim(3).size())
            .withAll("strides", stride, stride)
            .withAll("pads", pads);
    return bias == null
        ? apply("Conv", attributes, this, weight)
        : apply("Conv", attributes, this, weight, bias);
  }

  /**
   * Scaled dot-product attention of several heads in one fused operator (com.microsoft
   * MultiHeadAttention), linear in memory.
   *
   * @param key [batch, key tokens, width]
   * @param value [batch, key tokens, value width]
   * @param causal whether a token sees only itself and those before it
   * @return [batch, tokens, value width]
   */
  public Value multiHeadAttention(Value key, Value value, int heads, boolean causal) {
    Attributes attributes = Attributes.NONE.with("num_heads", (long) heads);
    if (causal) {
      attributes = attributes.with("unidirectional", 1L);
    }
    return Operators.get(Operators.MICROSOFT, "MultiHeadAttention")
        .apply(List.of(this, key, value), attributes)
        .get(0);
  }

  // Normalisation and reduction.

  /**
   * Group normalisation of [batch, channels, ...] (Wu and He 2018), as torch's GroupNorm.
   *
   * @param weight [channels]
   * @param bias [channels]
   */
  public Value groupNorm(int groups, Value weight, Value bias, float epsilon) {
    Value flat = reshape(0, groups, -1);
    Value one = ones(groups, 1);
    Value zero = ones(groups, 0);
    Attributes attributes = Attributes.NONE.with("epsilon", epsilon);
    Value normal = apply("InstanceNormalization", attributes, flat, one, zero).reshapeLike(this);
    long[] axes = new long[dims().rank() - 2];
    for (int i = 0; i < axes.length; i++) {
      axes[i] = i + 1;
    }
    return normal.mul(weight.unsqueeze(axes)).add(bias.unsqueeze(axes));
  }

  private Value ones(int count, float value) {
    float[] values = new float[count];
    Arrays.fill(values, value);
    return constant(Tensor.of(Shape.of(count), values).as(dtype()));
  }

  /**
   * Layer normalisation over the last axis (Ba et al. 2016), as torch's LayerNorm.
   *
   * @param weight [width]
   * @param bias [width]
   */
  public Value layerNorm(Value weight, Value bias, float epsilon) {
    Value centred = sub(mean(-1));
    Value variance = centred.mul(centred).mean(-1);
    return centred.div(variance.add(epsilon).sqrt()).mul(weight).add(bias);
  }

  public Value softmax(int axis) {
    return apply("Softmax", Attributes.NONE.with("axis", (long) axis), this);
  }

  /** The mean over an axis, which stays with size 1. */
  public Value mean(long... axes) {
    return apply("ReduceMean", this, constant(axes));
  }

  /** The sum over an axis, which stays with size 1. */
  public Value sum(long... axes) {
    return apply("ReduceSum", this, constant(axes));
  }

  /** The int64 index of the first largest element on {@code axis}, which is dropped. */
  public Value argMax(int axis) {
    return apply("ArgMax", Attributes.NONE.with("axis", (long) axis).with("keepdims", 0L), this);
  }

  // Shape.

  public Value transpose(long... permutation) {
    return apply("Transpose", Attributes.NONE.withAll("perm", permutation), this);
  }

  /** To the given sizes; 0 keeps the size at that place, one -1 takes what is left. */
  public Value reshape(long... sizes) {
    return apply("Reshape", this, constant(sizes));
  }

  /** To the shape of {@code other}, whatever that is in a run. */
  public Value reshapeLike(Value other) {
    return reshape(other.shapeValue());
  }

  /** To the sizes that an int64 vector holds. */
  public Value reshape(Value sizes) {
    return apply("Reshape", this, sizes);
  }

  /** The shape as an int64 vector; a constant where it is known. */
  public Value shapeValue() {
    return dims().isKnown() ? constant(shape().toArray()) : apply("Shape", this);
  }

  public Value unsqueeze(long... axes) {
    return apply("Unsqueeze", this, constant(axes));
  }

  public Value squeeze(long... axes) {
    return apply("Squeeze", this, constant(axes));
  }

  /** Broadcast to the sizes that an int64 vector holds. */
  public Value expand(Value sizes) {
    return apply("Expand", this, sizes);
  }

  /**
   * Elements {@code from} (inclusive) to {@code to} (exclusive) of an axis; negatives from the end.
   */
  public Value slice(int axis, long from, long to) {
    return apply("Slice", this, constant(from), constant(to), constant((long) axis));
  }

  /** Every {@code step}-th element from {@code from} (inclusive) to {@code to} (exclusive). */
  public Value slice(int axis, long from, long to, long step) {
    return apply(
        "Slice", this, constant(from), constant(to), constant((long) axis), constant(step));
  }

  /**
   * The first elements of an axis.
   *
   * @param count an int64 vector of one element
   */
  public Value first(int axis, Value count) {
    return apply("Slice", this, constant(0L), count, constant((long) axis));
  }

  /** Consecutive parts of an axis, of the given sizes. */
  public List<Value> split(int axis, long... sizes) {
    return Operators.get("Split")
        .apply(List.of(this, constant(sizes)), Attributes.NONE.with("axis", (long) axis));
  }

  /** The parts joined along an axis. */
  public static Value concat(int axis, List<Value> parts) {
    return Operators.get("Concat").apply(parts, Attributes.NONE.with("axis", (long) axis)).get(0);
  }

  public static Value concat(int axis, Value... parts) {
    return concat(axis, List.of(parts));
  }

  /** Rows of {@code axis} chosen by an integer value, whose shape replaces that axis. */
  public Value gather(Value indices, int axis) {
    return apply("Gather", Attributes.NONE.with("axis", (long) axis), this, indices);
  }

  /**
   * The elements that {@code indices} chooses along {@code axis}, each at its own place of the
   * other axes.
   *
   * @param indices int64 of the same rank, no longer than this on the other axes
   */
  public Value gatherElements(Value indices, int axis) {
    return apply("GatherElements", Attributes.NONE.with("axis", (long) axis), this, indices);
  }

  /** Zeros added around the last two axes: top, left, bottom, right. */
  public Value pad(long top, long left, long bottom, long right) {
    return apply("Pad", this, constant(0, 0, top, left, 0, 0, bottom, right));
  }

  /**
   * Zeros added around all axes.
   *
   * @param counts an int64 vector: those before each axis, then those behind each
   */
  public Value pad(Value counts) {
    return apply("Pad", this, counts);
  }

  /**
   * Nearest-neighbour resizing of [batch, channels, height, width] to the height and width of
   * {@code other}, as torch's interpolate(mode="nearest").
   */
  public Value resizeNearestLike(Value other) {
    Value sizes =
        dims().isKnown() && other.dims().isKnown()
            ? constant(dim(0).size(), dim(1).size(), other.dim(2).size(), other.dim(3).size())
            : concat(0, shapeValue().slice(0, 0, 2), other.shapeValue().slice(0, 2, 4));
    return Operators.get("Resize").apply(Arrays.asList(this, null, null, sizes), nearest()).get(0);
  }

  /** Nearest-neighbour enlargement of [batch, channels, height, width] by a whole factor. */
  public Value resizeNearest(int factor) {
    Value scales = constant(Tensor.of(Shape.of(4), 1f, 1f, factor, factor));
    return Operators.get("Resize").apply(Arrays.asList(this, null, scales), nearest()).get(0);
  }

  private static Attributes nearest() {
    return Attributes.NONE
        .with("mode", "nearest")
        .with("coordinate_transformation_mode", "asymmetric")
        .with("nearest_mode", "floor");
  }

  /** Means of non-overlapping or strided windows of [batch, channels, height, width]. */
  public Value averagePool(int kernel, int stride) {
    return apply(
        "AveragePool",
        Attributes.NONE.withAll("kernel_shape", kernel, kernel).withAll("strides", stride, stride),
        this);
  }

  private Value like(float scalar) {
    checkArgument(dtype().isFloating(), "%s is not floating", this);
    return constant(Tensor.scalar(scalar).as(dtype()));
  }

  private static Value apply(String operator, Value... inputs) {
    return apply(operator, Attributes.NONE, inputs);
  }

  private static Value apply(String operator, Attributes attributes, Value... inputs) {
    var list = new ArrayList<Value>(inputs.length);
    for (Value input : inputs) {
      list.add(requireNonNull(input));
    }
    return Operators.get(operator).apply(list, attributes).get(0);
  }

  @Override
  public String toString() {
    String label = name();
    if (label == null) {
      label = origin instanceof Node ? ((Node) origin).operator().name() : "constant";
    }
    return label + ":" + dtype() + dims();
  }
}
