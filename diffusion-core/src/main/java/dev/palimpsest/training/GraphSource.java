package dev.palimpsest.training;

/**
 * Gives the graph that a batch is for: always the same, or one for each size that batches come in.
 * All train the same weights. A run keeps one session open, so batches of one size should follow
 * one another.
 */
@FunctionalInterface
public interface GraphSource {
  /**
   * The graph of a batch; the same object for batches of one size.
   *
   * @param position as for {@link BatchSource#batch}
   */
  TrainingGraph graph(long position);

  /** One graph for all batches. */
  static GraphSource of(TrainingGraph graph) {
    return position -> graph;
  }
}
