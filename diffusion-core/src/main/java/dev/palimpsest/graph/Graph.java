package dev.palimpsest.graph;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.graph.Operator.Type;
import dev.palimpsest.tensor.DType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A network as a value: everything that its named outputs need, and nothing more. Weights are
 * parameters, found by name; their data is not part of the graph. Immutable.
 */
public final class Graph {
  private static final Set<String> PRODUCTS =
      Set.of("Gemm", "FusedMatMul", "MatMul", "Conv", "ConvTranspose");

  private final String name;
  private final Map<String, Value> outputs;
  private final ReachableNodes reachable;

  private Graph(String name, Map<String, Value> outputs) {
    this.name = name;
    this.outputs = Collections.unmodifiableMap(new LinkedHashMap<>(outputs));
    this.reachable = ReachableNodes.of(name, this.outputs.values());
  }

  /**
   * The graph of the given outputs.
   *
   * @throws IllegalArgumentException if two different inputs or parameters share a name
   */
  public static Graph of(String name, Map<String, Value> outputs) {
    checkArgument(!outputs.isEmpty(), "graph %s needs an output", name);
    var distinct = new LinkedHashMap<String, Value>();
    outputs.forEach(
        (key, value) -> {
          boolean taken = distinct.values().stream().anyMatch(value::isSame);
          boolean leaf = !(value.origin() instanceof Node);
          distinct.put(
              key,
              taken || leaf
                  ? Operators.get("Identity").apply(List.of(value), Attributes.NONE).get(0)
                  : value);
        });
    return new Graph(name, distinct);
  }

  public static Graph of(String name, String outputName, Value output) {
    return of(name, Map.of(outputName, output));
  }

  public String name() {
    return name;
  }

  /** The inputs by name, in the order in which the outputs need them. */
  public Map<String, Value> inputs() {
    return reachable.inputs();
  }

  /** The weights by name, in the order in which the outputs need them. */
  public Map<String, Value> parameters() {
    return reachable.parameters();
  }

  /** The outputs by name, in the order given. */
  public Map<String, Value> outputs() {
    return outputs;
  }

  /** The nodes, each after those that it needs. */
  public List<Node> nodes() {
    return reachable.nodes();
  }

  /** The computed values that were {@link Value#named} by whoever built the graph. */
  public Map<String, Value> named() {
    var named = new LinkedHashMap<String, Value>();
    for (Node node : nodes()) {
      node.inputs().forEach(input -> addNamed(input, named));
    }
    outputs.values().forEach(output -> addNamed(output, named));
    return named;
  }

  private static void addNamed(@Nullable Value value, Map<String, Value> named) {
    if (value != null && value.node() != null && value.name() != null) {
      named.put(requireNonNull(value.name()), value);
    }
  }

  /** How many operators the graph applies. */
  public int size() {
    return nodes().size();
  }

  /** This graph with symbols replaced by sizes. */
  public Graph bind(Map<String, Long> sizes) {
    return rewrite(
        leaf ->
            leaf.isInput()
                ? Value.input(requireNonNull(leaf.name()), leaf.dtype(), leaf.dims().bind(sizes))
                : leaf,
        node -> null);
  }

  /**
   * This graph with other values in place of its inputs and parameters, such as an output of
   * another graph; constants are shown too.
   *
   * @param replacement gives a value of the same type and shape for each leaf, or the leaf itself
   */
  public Graph replaceLeaves(UnaryOperator<Value> replacement) {
    return rewrite(replacement, node -> null);
  }

  /**
   * This graph with other values in place of its products with weights, such as one with a side
   * branch added.
   *
   * @param replacement gives a value of the output's type and shape, or that output itself
   */
  public Graph replaceProducts(Function<WeightProduct, Value> replacement) {
    return rewrite(
        leaf -> leaf,
        rewriting -> {
          WeightProduct product = WeightProduct.of(rewriting);
          return product == null ? null : List.of(replacement.apply(product));
        });
  }

  /**
   * This graph with other values in place of its group normalisations, such as ones by means and
   * variances that are given.
   *
   * @param replacement gives a value of the shape of {@link GroupNormalization#flat}
   */
  public Graph replaceNormalizations(Function<GroupNormalization, Value> replacement) {
    return rewrite(
        leaf -> leaf,
        rewriting -> {
          GroupNormalization norm = GroupNormalization.of(rewriting);
          return norm == null ? null : List.of(replacement.apply(norm));
        });
  }

  /**
   * This graph with other attention probabilities.
   *
   * @param replacement gives a float32 value of the shape of the layer's probabilities, or null to
   *     keep the layer as it is
   */
  public Graph replaceAttention(Function<AttentionLayer, @Nullable Value> replacement) {
    return rewrite(leaf -> leaf, node -> AttentionLayer.replace(node, replacement));
  }

  /**
   * This graph in the form in which ONNX Runtime opens it fastest; it computes the same.
   *
   * @param stored the element types in which parameters are stored, where they differ from the
   *     graph's: such a parameter takes its stored type and is cast
   * @param usualSizes what the symbols of the inputs mostly stand for, as far as that is known: the
   *     result is right for all sizes and fast for these
   */
  public Graph lowered(Map<String, DType> stored, Map<String, Long> usualSizes) {
    return lowered(stored, usualSizes, Set.of());
  }

  /**
   * {@link #lowered(Map, Map)} that leaves some weights {@link #factors} where it would turn the
   * kernels of a transposed convolution: slower, without the copy.
   *
   * @param kept their names
   */
  public Graph lowered(Map<String, DType> stored, Map<String, Long> usualSizes, Set<String> kept) {
    return new Lowering(stored, usualSizes, kept).apply(this);
  }

  /**
   * This graph in half precision, for devices that compute float16 faster: parameters and most
   * operators are float16, normalisations, softmax and the embedding of timesteps stay float32, and
   * so do inputs and outputs. A parameter's element type tells how its weight is to be given.
   */
  public Graph toHalfPrecision() {
    return HalfPrecision.of(this);
  }

  /**
   * The bytes that a run needs for computed values, beside the weights, inputs and outputs, where
   * nodes run one after the other and values that nobody needs any more are freed.
   *
   * @throws IllegalArgumentException if a size is symbolic
   */
  public long peakMemory() {
    return PeakMemory.of(this);
  }

  /**
   * The parameters that are nothing but the second factor of a product or a convolution: nothing is
   * computed of them alone, so a runtime can read them where they lie.
   */
  public Set<String> factors() {
    Set<String> factors = new HashSet<>();
    Set<String> others = new HashSet<>();
    for (Node node : nodes()) {
      for (int i = 0; i < node.inputs().size(); i++) {
        Value input = node.inputs().get(i);
        if (input != null && input.isParameter()) {
          boolean factor = i == 1 && PRODUCTS.contains(node.operator().name());
          (factor ? factors : others).add(requireNonNull(input.name()));
        }
      }
    }
    factors.removeAll(others);
    return factors;
  }

  /** What replaces a node: the new outputs, one for each old one. */
  interface Replacement {
    /** Null keeps the operator on its rewritten inputs. */
    @Nullable List<Value> of(Rewriting node);
  }

  /** A node whose inputs are rewritten already. */
  record Rewriting(Node node, List<@Nullable Value> inputs) {}

  /** This graph with its leaves and nodes replaced; types and shapes are inferred anew. */
  Graph rewrite(UnaryOperator<Value> leaves, Replacement replacement) {
    Map<Origin, List<Value>> done = new IdentityHashMap<>();
    for (Node node : nodes()) {
      var in = new ArrayList<@Nullable Value>();
      for (Value input : node.inputs()) {
        in.add(input == null ? null : rewritten(input, done, leaves));
      }
      List<Value> out = replacement.of(new Rewriting(node, in));
      done.put(node, out == null ? node.operator().apply(in, node.attributes()) : out);
    }
    var rewrittenOutputs = new LinkedHashMap<String, Value>();
    outputs.forEach((key, value) -> rewrittenOutputs.put(key, rewritten(value, done, leaves)));
    return of(name, rewrittenOutputs);
  }

  private static Value rewritten(
      Value value, Map<Origin, List<Value>> done, UnaryOperator<Value> leaves) {
    if (!(value.origin() instanceof Node)) {
      return done.computeIfAbsent(value.origin(), origin -> List.of(leaves.apply(value))).get(0);
    }
    Value out = requireNonNull(done.get(value.origin())).get(value.index());
    String label = value.name();
    return label == null ? out : out.named(label);
  }

  /** The type of an output, for tests and messages. */
  Type type(String output) {
    return requireNonNull(outputs.get(output)).type();
  }

  @Override
  public String toString() {
    return name + inputs().values() + " -> " + outputs.values();
  }
}
