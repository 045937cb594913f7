package dev.palimpsest.training;

import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.Tensor;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The one session of a run that is open, on the graph whose turn it is. A session's memory is freed
 * before the next opens; the weights are shared by all.
 */
final class SessionInTurn implements AutoCloseable {
  private final Trainables trainables;
  private final Function<String, Tensor> frozen;
  private final Device device;
  private final boolean sharing;
  private @Nullable TrainingGraph graph;
  private @Nullable TrainingSession session;

  /**
   * @param sharing whether sessions read frozen weights where they lie
   */
  SessionInTurn(
      Trainables trainables, Function<String, Tensor> frozen, Device device, boolean sharing) {
    this.sharing = sharing;
    this.trainables = trainables;
    this.frozen = frozen;
    this.device = device;
  }

  /** The session on a graph; borrowed until the next call. */
  TrainingSession on(TrainingGraph wanted) {
    TrainingSession open = session;
    if (open != null && wanted == graph) {
      return open;
    }
    close();
    open =
        TrainingSession.open(
            sharing ? wanted.sharingWeights() : wanted, trainables, frozen, device);
    graph = wanted;
    session = open;
    return open;
  }

  @Override
  public void close() {
    if (session != null) {
      session.close();
      session = null;
    }
  }
}
