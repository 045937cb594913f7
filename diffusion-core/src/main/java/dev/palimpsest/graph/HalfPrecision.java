package dev.palimpsest.graph;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Rewrites a float32 graph to compute in float16 (mixed precision, Micikevicius et al. 2018): every
 * operator is one of three kinds.
 *
 * <ul>
 *   <li>{@link #FLOAT32} operators sum many terms or leave float16's range; they take and give
 *       float32.
 *   <li>{@link #PRODUCTS} take and give float16 (kernels accumulate in float32).
 *   <li>Every other operator follows its operands: it gives float32 if one of them is float32, so
 *       that a normalisation stays float32 up to its learned scale, with which float16 resumes.
 * </ul>
 */
final class HalfPrecision {
  private static final Set<String> FLOAT32 =
      Set.of(
          "InstanceNormalization",
          "LayerNormalization",
          "Softmax",
          "LogSoftmax",
          "ReduceMean",
          "ReduceSum",
          "ReduceSumSquare",
          "ReduceL2",
          "Sqrt",
          "Reciprocal",
          "Pow",
          "Exp",
          "Log",
          "Sin",
          "Cos",
          "CumSum",
          "Range");

  /** What feeds these must be exact too: an angle of 999 has a last place of 0.5 in float16. */
  private static final Set<String> EXACT_OPERANDS = Set.of("Sin", "Cos");

  private static final Set<String> PRODUCTS =
      Set.of(
          "MatMul",
          "FusedMatMul",
          "Gemm",
          "Conv",
          "ConvTranspose",
          "MultiHeadAttention",
          "Gather",
          "AveragePool");

  private static final float LARGEST = 65504;

  private final Graph graph;
  private final Set<Origin> exact = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Set<Origin> float32Parameters = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Map<Origin, Boolean> fromWeights = new IdentityHashMap<>();
  private final Map<Origin, Map<String, Value>> casts = new IdentityHashMap<>();

  private HalfPrecision(Graph graph) {
    this.graph = graph;
  }

  static Graph of(Graph graph) {
    return new HalfPrecision(graph).rewrite();
  }

  private Graph rewrite() {
    markExact();
    markFloat32Parameters();
    Graph half = graph.rewrite(this::leaf, this::node);
    var outputs = new LinkedHashMap<String, Value>();
    half.outputs()
        .forEach(
            (name, value) -> {
              Value original = requireNonNull(graph.outputs().get(name));
              outputs.put(name, value.cast(original.dtype()));
            });
    return Graph.of(graph.name(), outputs);
  }

  /** Backwards from the exact operators to the products and leaves that feed them. */
  private void markExact() {
    List<Node> nodes = new ArrayList<>(graph.nodes());
    Collections.reverse(nodes);
    for (Node node : nodes) {
      if (EXACT_OPERANDS.contains(node.operator().name())
          || (exact.contains(node) && !PRODUCTS.contains(node.operator().name()))) {
        for (Value input : node.inputs()) {
          if (input != null) {
            exact.add(input.origin());
          }
        }
      }
    }
  }

  private void markFloat32Parameters() {
    for (Node node : graph.nodes()) {
      if (isFloat32(node)) {
        for (Value input : node.inputs()) {
          if (input != null && input.isParameter()) {
            float32Parameters.add(input.origin());
          }
        }
      }
    }
  }

  private boolean isFloat32(Node node) {
    String name = node.operator().name();
    return FLOAT32.contains(name) || (exact.contains(node) && !PRODUCTS.contains(name));
  }

  private Value leaf(Value leaf) {
    boolean half =
        leaf.isParameter()
            && leaf.dtype() == DType.FLOAT32
            && !float32Parameters.contains(leaf.origin());
    Value out =
        half ? Value.parameter(String.valueOf(leaf.name()), DType.FLOAT16, leaf.shape()) : leaf;
    fromWeights.put(out.origin(), out.isParameter());
    return out;
  }

  private @Nullable List<Value> node(Graph.Rewriting rewriting) {
    Node node = rewriting.node();
    DType precision = precision(node, rewriting.inputs());
    var inputs = new ArrayList<@Nullable Value>();
    for (int i = 0; i < rewriting.inputs().size(); i++) {
      Value input = rewriting.inputs().get(i);
      boolean fixed = node.operator().name().equals("Resize") && i > 0;
      inputs.add(input == null || fixed ? input : cast(input, precision));
    }
    List<Value> outputs = node.operator().apply(inputs, node.attributes());
    fromWeights.put(outputs.get(0).origin(), isFromWeights(rewriting.inputs()));
    return outputs;
  }

  private DType precision(Node node, List<@Nullable Value> inputs) {
    if (isFloat32(node)) {
      return DType.FLOAT32;
    }
    if (PRODUCTS.contains(node.operator().name())) {
      return DType.FLOAT16;
    }
    boolean float32 = false;
    boolean weights = false;
    for (Value input : inputs) {
      if (input != null && input.constant() == null) {
        float32 |= input.dtype() == DType.FLOAT32;
        weights |= input.dtype() == DType.FLOAT16 && isFromWeights(input);
      }
    }
    return float32 && !weights ? DType.FLOAT32 : DType.FLOAT16;
  }

  private boolean isFromWeights(Value value) {
    return value.constant() == null && fromWeights.getOrDefault(value.origin(), Boolean.FALSE);
  }

  /** Whether a value depends on weights and on nothing that a run gives. */
  private boolean isFromWeights(List<@Nullable Value> inputs) {
    boolean some = false;
    for (Value input : inputs) {
      if (input != null && input.constant() == null && input.dtype().isFloating()) {
        if (!isFromWeights(input)) {
          return false;
        }
        some = true;
      }
    }
    return some;
  }

  private Value cast(Value value, DType precision) {
    if (value.dtype() == precision || !isFloat(value.dtype())) {
      return value;
    }
    Tensor data = value.constant();
    if (data != null) {
      return Value.constant(saturated(data, precision));
    }
    return casts
        .computeIfAbsent(value.origin(), origin -> new HashMap<>())
        .computeIfAbsent(value.index() + " " + precision, key -> value.cast(precision));
  }

  private static boolean isFloat(DType dtype) {
    return dtype == DType.FLOAT32 || dtype == DType.FLOAT16;
  }

  /** Numbers beyond float16's range, as masks have them, become its largest, not infinite. */
  private static Tensor saturated(Tensor data, DType precision) {
    if (precision != DType.FLOAT16) {
      return data.as(precision);
    }
    float[] values = data.floats().clone();
    for (int i = 0; i < values.length; i++) {
      if (Float.isFinite(values[i])) {
        values[i] = Math.max(-LARGEST, Math.min(LARGEST, values[i]));
      }
    }
    return Tensor.of(data.shape(), values).as(precision);
  }
}
