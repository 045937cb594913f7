package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/** Configures a {@link TrainingRun}. */
public final class TrainingRunBuilder {
  final TrainingGraph graph;
  final BatchSource batches;
  private final Weights initial;
  private final Map<String, String> more = new TreeMap<>();
  Function<String, Tensor> frozen =
      name -> {
        throw new IllegalArgumentException("no weight for the parameter " + name);
      };
  Optimizer optimizer = AdamW.defaults();
  LearningRate learningRate = LearningRate.constant(1e-4);
  Optional<Ema> ema = Optional.empty();
  Optional<LossScaling> scaling = Optional.empty();
  Device device = Device.cpu();
  RunFolder.Stages stages = RunFolder.Stages.NONE;
  double clip = 1;
  int accumulate = 1;
  long steps;
  long saveEvery = 500;
  long seed;

  TrainingRunBuilder(TrainingGraph graph, Weights initial, BatchSource batches) {
    this.graph = requireNonNull(graph);
    this.initial = requireNonNull(initial);
    this.batches = requireNonNull(batches);
  }

  /** All weights that are not trained, by name. */
  public TrainingRunBuilder frozen(Weights weights) {
    frozen = weights::get;
    return this;
  }

  /** {@link AdamW#defaults} unless told otherwise. */
  public TrainingRunBuilder optimizer(Optimizer value) {
    optimizer = requireNonNull(value);
    return this;
  }

  /** 1e-4 throughout unless told otherwise. */
  public TrainingRunBuilder learningRate(LearningRate value) {
    learningRate = requireNonNull(value);
    return this;
  }

  /** Keeps a moving average of the weights. */
  public TrainingRunBuilder ema(Ema value) {
    ema = Optional.of(value);
    return this;
  }

  /** For graphs in half precision. */
  public TrainingRunBuilder lossScaling(LossScaling value) {
    scaling = Optional.of(value);
    return this;
  }

  /** The processor with all its cores unless told otherwise. */
  public TrainingRunBuilder device(Device value) {
    device = requireNonNull(value);
    return this;
  }

  /** The largest length of all gradients taken as one vector; 1 unless told otherwise. */
  public TrainingRunBuilder clip(double norm) {
    checkArgument(norm > 0, "clip must be > 0, was %s", norm);
    clip = norm;
    return this;
  }

  /** Leaves gradients as they are. */
  public TrainingRunBuilder noClipping() {
    clip = 0;
    return this;
  }

  /** Batches whose gradients are averaged for one step; 1 unless told otherwise. */
  public TrainingRunBuilder accumulate(int batches) {
    checkArgument(batches >= 1, "accumulate must be >= 1, was %s", batches);
    accumulate = batches;
    return this;
  }

  /** Steps in all. */
  public TrainingRunBuilder steps(long count) {
    checkArgument(count >= 1, "steps must be >= 1, was %s", count);
    steps = count;
    return this;
  }

  /** Steps between two saved states; 500 unless told otherwise. */
  public TrainingRunBuilder saveEvery(long count) {
    checkArgument(count >= 1, "saveEvery must be >= 1, was %s", count);
    saveEvery = count;
    return this;
  }

  /** What decides all randomness; 0 unless told otherwise. */
  public TrainingRunBuilder seed(long value) {
    seed = value;
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
    graph.trainables().forEach(name -> tensors.put(name, initial.get(name)));
    return Trainables.of(tensors);
  }

  /** What a resumed run must share. Not the device: it decides the last bits only. */
  Map<String, String> settings() {
    Map<String, String> settings = new TreeMap<>(more);
    settings.put("graph", graph.toString());
    settings.put("optimizer", optimizer.toString());
    settings.put("learningRate", learningRate.toString());
    settings.put("ema", ema.map(Ema::toString).orElse("none"));
    settings.put("lossScaling", scaling.map(LossScaling::toString).orElse("none"));
    settings.put("clip", Double.toString(clip));
    settings.put("accumulate", Integer.toString(accumulate));
    settings.put("steps", Long.toString(steps));
    settings.put("seed", Long.toString(seed));
    return settings;
  }
}
