package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.runtime.SessionSettings;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * A native session that runs a network forward and backward. Whoever opens it closes it. One thread
 * at a time.
 */
public final class TrainingSession implements AutoCloseable {
  private final TrainingGraph graph;
  private final Trainables trainables;
  private final Session session;

  private TrainingSession(TrainingGraph graph, Trainables trainables, Session session) {
    this.graph = graph;
    this.trainables = trainables;
    this.session = session;
  }

  /**
   * Opens a session; each run reads the trained weights as they are then.
   *
   * @param trainables a weight for each of the graph's; borrowed until this is closed
   * @param frozen gives all other weights by name; borrowed too by {@link
   *     TrainingGraph#sharingWeights}
   * @throws IllegalArgumentException if a weight is missing, too many or has another shape
   */
  public static TrainingSession open(
      TrainingGraph graph, Trainables trainables, Function<String, Tensor> frozen, Device device) {
    checkArgument(
        trainables.names().equals(graph.trainables()),
        "the graph trains %s, weights are given for %s",
        graph.trainables(),
        trainables.names());
    checkArgument(
        !(graph.isInPlace() && device.isCuda()), "on %s no weight is read in place", device);
    Function<String, Tensor> weights =
        name -> graph.trainables().contains(name) ? trainables.tensor(name) : frozen.apply(name);
    // A plan in one piece keeps what the backward part needs last from the first operator on: of a
    // small U-Net with 64 pictures it took 1.6 times the memory and no less time.
    SessionSettings settings =
        SessionSettings.defaults().memoryPattern(false).sharedWeights(graph.isSharing());
    if (graph.isInPlace()) {
      settings = settings.editedWeights(graph.trainables());
    }
    return new TrainingSession(
        graph, trainables, Session.open(graph.graph(), weights, device, settings));
  }

  /**
   * What one run gives.
   *
   * @param loss before scaling
   * @param gradients of the scaled loss, by the trained weights' names
   * @param others the network's further outputs
   */
  public record Result(float loss, Map<String, Tensor> gradients, Map<String, Tensor> others) {}

  /**
   * Forward and backward.
   *
   * @param batch the network's inputs
   * @param lossScale what gradients are multiplied by; 1 unless in half precision
   * @throws dev.palimpsest.errors.CancelledException if cancelled
   */
  public Result run(Map<String, Tensor> batch, double lossScale, Cancellation cancellation) {
    Map<String, Tensor> inputs = new HashMap<>(batch);
    inputs.put(TrainingGraph.LOSS_SCALE, Tensor.of(Shape.scalar(), (float) lossScale));
    if (!graph.isInPlace()) {
      inputs.putAll(trainables.tensors());
    }
    Map<String, Tensor> others = new TreeMap<>(session.run(inputs, cancellation));
    Map<String, Tensor> gradients = new TreeMap<>();
    for (String name : graph.trainables()) {
      gradients.put(name, requireNonNull(others.remove(TrainingGraph.gradient(name))));
    }
    Tensor loss = requireNonNull(others.remove(TrainingGraph.LOSS));
    return new Result(loss.floats()[0], gradients, others);
  }

  @Override
  public void close() {
    session.close();
  }
}
