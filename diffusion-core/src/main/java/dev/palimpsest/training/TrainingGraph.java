package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.autodiff.Gradients;
import dev.palimpsest.autodiff.Recomputation;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.zip.CRC32C;

/**
 * A network with its loss and the gradients of the loss, as one graph. The weights that are trained
 * are inputs of it or parameters that a session reads in place; all others are parameters.
 * Immutable.
 */
public final class TrainingGraph {
  /** The output of the network's graph that is made small: float32, one number. */
  public static final String LOSS = "loss";

  /** The input that the loss is multiplied by before it is differentiated: float32, a scalar. */
  static final String LOSS_SCALE = "loss_scale";

  private static final String GRADIENT = "gradient/";

  private final Graph graph;
  private final Set<String> trainables;
  private final boolean inPlace;
  private final boolean sharing;

  private TrainingGraph(Graph graph, Set<String> trainables, boolean inPlace, boolean sharing) {
    this.graph = graph;
    this.trainables = Set.copyOf(trainables);
    this.inPlace = inPlace;
    this.sharing = sharing;
  }

  /**
   * Differentiates a graph.
   *
   * @param network of known sizes, see {@link Graph#bind}; its output {@value #LOSS} is one number,
   *     further outputs are passed on
   * @param trainables the parameters to train
   * @throws IllegalArgumentException if there is no such output or parameter, or a size is symbolic
   */
  public static TrainingGraph of(Graph network, Collection<String> trainables) {
    return of(network, trainables, graph -> Recomputation.none());
  }

  /**
   * Differentiates a graph, see {@link #of(Graph, Collection)}.
   *
   * @param recomputation what the backward part computes anew to save memory, of the graph that is
   *     differentiated: the network with other leaves, whose values are not those of {@code
   *     network}
   */
  public static TrainingGraph of(
      Graph network, Collection<String> trainables, Function<Graph, Recomputation> recomputation) {
    return of(network, trainables, recomputation, false);
  }

  /**
   * {@link #of(Graph, Collection)} whose trained weights stay parameters, which a session on the
   * CPU reads where they lie; gradients are the same.
   */
  static TrainingGraph inPlace(Graph network, Collection<String> trainables) {
    return of(network, trainables, graph -> Recomputation.none(), true);
  }

  private static TrainingGraph of(
      Graph network,
      Collection<String> trainables,
      Function<Graph, Recomputation> recomputation,
      boolean inPlace) {
    Set<String> names = new TreeSet<>(trainables);
    check(network, names);
    Graph forward =
        inPlace
            ? network
            : network.replaceLeaves(leaf -> trained(leaf, names) ? input(leaf) : leaf);
    Map<String, Value> outputs = new LinkedHashMap<>(forward.outputs());
    Value loss = requireNonNull(outputs.get(LOSS)).reshape(new long[0]);
    outputs.put(LOSS, loss);
    Value scale = Value.input(LOSS_SCALE, DType.FLOAT32, Dims.of(Shape.scalar()));
    Map<String, Value> leaves = inPlace ? forward.parameters() : forward.inputs();
    List<Value> wanted = new ArrayList<>();
    names.forEach(name -> wanted.add(requireNonNull(leaves.get(name))));
    List<Value> gradients = Gradients.of(loss.mul(scale), wanted, recomputation.apply(forward));
    int at = 0;
    for (String name : names) {
      outputs.put(GRADIENT + name, gradients.get(at++));
    }
    return new TrainingGraph(
        Graph.of(network.name() + "_training", outputs), names, inPlace, false);
  }

  private static void check(Graph network, Set<String> names) {
    Value loss = network.outputs().get(LOSS);
    checkArgument(
        loss != null,
        "graph %s has no output %s; its outputs are %s",
        network.name(),
        LOSS,
        network.outputs().keySet());
    checkArgument(
        requireNonNull(loss).dims().isKnown() && loss.shape().elements() == 1,
        "graph %s: the loss must be one number, is %s",
        network.name(),
        loss);
    network
        .inputs()
        .forEach(
            (name, value) ->
                checkArgument(
                    value.dims().isKnown(),
                    "graph %s: input %s must be bound to known sizes",
                    network.name(),
                    value));
    checkArgument(!names.isEmpty(), "graph %s: nothing is to be trained", network.name());
    for (String name : names) {
      checkArgument(
          network.parameters().containsKey(name),
          "graph %s has no parameter %s to train",
          network.name(),
          name);
    }
  }

  private static boolean trained(Value leaf, Set<String> names) {
    return leaf.isParameter() && names.contains(requireNonNull(leaf.name()));
  }

  private static Value input(Value parameter) {
    return Value.input(requireNonNull(parameter.name()), parameter.dtype(), parameter.dims());
  }

  /**
   * This graph computing in half precision; the trained weights and their gradients stay float32.
   */
  public TrainingGraph toHalfPrecision() {
    checkArgument(!inPlace, "weights that are read in place keep their precision");
    return new TrainingGraph(graph.toHalfPrecision(), trainables, false, sharing);
  }

  /**
   * This graph for sessions on the CPU that read large frozen float32 weights in direct or mapped
   * memory where they lie, for as long as they are open, instead of copying them into the layouts
   * of the processor's kernels: they open in less time and memory, and steps take longer.
   */
  public TrainingGraph sharingWeights() {
    return new TrainingGraph(graph, trainables, inPlace, true);
  }

  Graph graph() {
    return graph;
  }

  /** The names of the weights that are trained. */
  public Set<String> trainables() {
    return trainables;
  }

  boolean isInPlace() {
    return inPlace;
  }

  boolean isSharing() {
    return sharing;
  }

  static String gradient(String name) {
    return GRADIENT + name;
  }

  /** Tells graphs that train different weights apart, and not two that compute them differently. */
  String signature() {
    var crc = new CRC32C();
    Map<String, Value> leaves = inPlace ? graph.parameters() : graph.inputs();
    new TreeSet<>(trainables)
        .forEach(name -> crc.update(String.valueOf(leaves.get(name)).getBytes(UTF_8)));
    return String.format("%s, %d weights %08x", graph.name(), trainables.size(), crc.getValue());
  }

  @Override
  public String toString() {
    return graph.name() + " of " + graph.size() + " operators, " + trainables.size() + " trained";
  }
}
