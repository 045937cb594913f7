package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** Configures a {@link TrainingRun}. */
public final class TrainingRunBuilder extends RunSettings<TrainingRunBuilder> {
  final GraphSource graphs;
  final BatchSource batches;
  private final Weights initial;
  private final Map<String, String> more = new TreeMap<>();
  Function<String, Tensor> frozen =
      name -> {
        throw new IllegalArgumentException("no weight for the parameter " + name);
      };
  ToDoubleFunction<String> rates = name -> 1;
  RunFolder.Stages stages = RunFolder.Stages.NONE;

  TrainingRunBuilder(GraphSource graphs, Weights initial, BatchSource batches) {
    this.graphs = requireNonNull(graphs);
    this.initial = requireNonNull(initial);
    this.batches = requireNonNull(batches);
  }

  @Override
  protected TrainingRunBuilder self() {
    return this;
  }

  /** All weights that are not trained, by name. */
  public TrainingRunBuilder frozen(Weights weights) {
    frozen = weights::get;
    return this;
  }

  /**
   * What the learning rate is multiplied by for each weight, by name; 1 unless told otherwise. It
   * is no setting of its own: tell what it follows from by {@link #setting}.
   */
  public TrainingRunBuilder rates(ToDoubleFunction<String> factor) {
    rates = requireNonNull(factor);
    return this;
  }

  /** One more thing that a resumed run must share, such as a data set's name and size. */
  public TrainingRunBuilder setting(String name, String value) {
    more.put(requireNonNull(name), requireNonNull(value));
    return this;
  }

  TrainingRunBuilder stages(RunFolder.Stages value) {
    stages = value;
    return this;
  }

  /**
   * Opens the run: a new one, or the one that the folder holds, where it ended.
   *
   * @throws IllegalArgumentException if the folder's run was started with other settings; the
   *     message lists them
   * @throws IllegalStateException if no steps are given, or another run holds the folder
   * @throws CheckpointException if the folder has states of which none can be read
   */
  public TrainingRun open(Path folder) throws IOException {
    checkState(steps >= 1, "steps(...) must be given");
    return TrainingRun.open(this, folder);
  }

  /** The trained weights at the start. */
  Trainables start() {
    Map<String, Tensor> tensors = new TreeMap<>();
    graphs.graph(0).trainables().forEach(name -> tensors.put(name, initial.get(name)));
    return Trainables.of(tensors);
  }

  Map<String, String> settings() {
    Map<String, String> settings = shared();
    settings.put("graph", graphs.graph(0).signature());
    more.forEach(
        (name, value) ->
            checkArgument(
                settings.put(name, value) == null, "there is a setting %s already", name));
    return settings;
  }
}
