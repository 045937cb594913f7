package dev.palimpsest;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.tensor.Tensor;
import java.util.Map;
import java.util.Optional;

/**
 * An addition to the networks of a pipeline whose strength each request chooses, such as a live
 * LoRA. Opened with the pipeline, it becomes part of the networks' graphs; its strength is an input
 * of each run. Implementations are immutable and thread-safe.
 */
public interface Adapter {

  /** What requests, errors and provenance call it; unique in a pipeline. */
  String name();

  /**
   * Checks that it belongs to this checkpoint.
   *
   * @throws CheckpointException listing what does not fit
   */
  void check(Checkpoint checkpoint) throws CheckpointException;

  /**
   * A network with the adapter beside it; of places that the graph lacks, because its outputs do
   * not need them, nothing is added.
   *
   * @param component the network's name in the checkpoint, such as {@code unet}
   * @return a graph with the same inputs and outputs, the adapter's own {@link #weights} as further
   *     parameters and its {@link #inputs} as further inputs
   */
  Graph adapt(String component, Graph network);

  /** What users should know about this prompt, such as that it lacks a trigger word. */
  default Optional<String> warning(String prompt) {
    return Optional.empty();
  }

  /**
   * Words that it adds to what a text encoder knows, as textual inversion does: for each, the
   * vectors that it stands for, float32 [vectors, width].
   *
   * @param component the text encoder's name in the checkpoint
   */
  default Map<String, Tensor> words(String component) {
    return Map.of();
  }

  /** The adapter's weights in a network, by the names of the parameters that it adds. */
  Map<String, Tensor> weights(String component);

  /** What a network is given at each run for a strength, by the names of the inputs it adds. */
  Map<String, Tensor> inputs(String component, AdapterScale scale);
}
