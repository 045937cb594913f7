package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.runtime.Device;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What every training has to be told, whatever it trains: the base of the builders.
 *
 * @param <S> the builder itself
 */
public abstract class RunSettings<S extends RunSettings<S>> {
  Optimizer optimizer = AdamW.defaults();
  LearningRate learningRate = LearningRate.constant(1e-4);
  Optional<Ema> ema = Optional.empty();
  Optional<LossScaling> scaling = Optional.empty();
  Device device = Device.cpu();
  boolean sharing;
  double clip = 1;
  int accumulate = 1;
  long steps;
  long saveEvery = 500;
  long seed;

  protected RunSettings() {}

  /** This builder. */
  protected abstract S self();

  /** {@link AdamW#defaults} unless told otherwise. */
  public S optimizer(Optimizer value) {
    optimizer = requireNonNull(value);
    return self();
  }

  /** 1e-4 throughout unless told otherwise. */
  public S learningRate(LearningRate value) {
    learningRate = requireNonNull(value);
    return self();
  }

  /** Keeps a moving average of the weights. */
  public S ema(Ema value) {
    ema = Optional.of(value);
    return self();
  }

  /** For graphs in half precision. */
  public S lossScaling(LossScaling value) {
    scaling = Optional.of(value);
    return self();
  }

  /** The processor with all its cores unless told otherwise. */
  public S device(Device value) {
    device = requireNonNull(value);
    return self();
  }

  /**
   * Reads frozen weights where they lie, see {@link TrainingGraph#sharingWeights}: for networks
   * whose copies would not fit in memory (docs/training.md has figures).
   */
  public S sharedWeights() {
    sharing = true;
    return self();
  }

  /** The largest length of all gradients taken as one vector; 1 unless told otherwise. */
  public S clip(double norm) {
    checkArgument(norm > 0, "clip must be > 0, was %s", norm);
    clip = norm;
    return self();
  }

  /** Leaves gradients as they are. */
  public S noClipping() {
    clip = 0;
    return self();
  }

  /** Batches whose gradients are averaged for one step; 1 unless told otherwise. */
  public S accumulate(int batches) {
    checkArgument(batches >= 1, "accumulate must be >= 1, was %s", batches);
    accumulate = batches;
    return self();
  }

  /** Steps in all. */
  public S steps(long count) {
    checkArgument(count >= 1, "steps must be >= 1, was %s", count);
    steps = count;
    return self();
  }

  /** Steps between two saved states; 500 unless told otherwise. */
  public S saveEvery(long count) {
    checkArgument(count >= 1, "saveEvery must be >= 1, was %s", count);
    saveEvery = count;
    return self();
  }

  /** What decides all randomness; 0 unless told otherwise. */
  public S seed(long value) {
    seed = value;
    return self();
  }

  /** What decides all randomness. */
  public long seed() {
    return seed;
  }

  /** Steps in all; 0 until told. */
  public long steps() {
    return steps;
  }

  public LearningRate learningRate() {
    return learningRate;
  }

  public Optimizer optimizer() {
    return optimizer;
  }

  /** Batches whose gradients are averaged for one step. */
  public int accumulate() {
    return accumulate;
  }

  public Device device() {
    return device;
  }

  /** Takes over all that another builder was told. */
  public S like(RunSettings<?> other) {
    optimizer = other.optimizer;
    learningRate = other.learningRate;
    ema = other.ema;
    scaling = other.scaling;
    device = other.device;
    sharing = other.sharing;
    clip = other.clip;
    accumulate = other.accumulate;
    steps = other.steps;
    saveEvery = other.saveEvery;
    seed = other.seed;
    return self();
  }

  /** What a resumed run must share. Not the device: it decides the last bits only. */
  Map<String, String> shared() {
    Map<String, String> shared = new TreeMap<>();
    shared.put("optimizer", optimizer.toString());
    shared.put("learningRate", learningRate.toString());
    shared.put("ema", ema.map(Ema::toString).orElse("none"));
    shared.put("lossScaling", scaling.map(LossScaling::toString).orElse("none"));
    shared.put("clip", Double.toString(clip));
    shared.put("accumulate", Integer.toString(accumulate));
    shared.put("steps", Long.toString(steps));
    shared.put("seed", Long.toString(seed));
    return shared;
  }
}
