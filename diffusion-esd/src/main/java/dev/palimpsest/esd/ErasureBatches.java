package dev.palimpsest.esd;

import dev.palimpsest.Conditioning;
import dev.palimpsest.esd.FrozenBase.Evaluation;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.BatchSource;
import dev.palimpsest.training.SeededStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The rows of an iteration: concepts to erase in turn, and beside each row one of a prompt that is
 * to stay, if there are any. One thread.
 */
final class ErasureBatches implements BatchSource {
  static final String TARGET = "target";
  static final String WEIGHT = "loss_weight";

  private final List<Lesson> erased;
  private final List<Lesson> preserved;
  private final StateSource states;
  private final int rows;
  private final double retainWeight;
  private final Consumer<ErasureSample> observer;
  private Cancellation cancellation = new Cancellation();

  ErasureBatches(
      List<Lesson> erased, List<Lesson> preserved, StateSource states, ConceptErasureBuilder plan) {
    this.erased = List.copyOf(erased);
    this.preserved = List.copyOf(preserved);
    this.states = states;
    this.rows = plan.batch;
    this.retainWeight = plan.retainWeight;
    this.observer = plan.observer;
  }

  /** What stops the denoising that a batch may need. */
  void cancelledBy(Cancellation given) {
    cancellation = given;
  }

  /** Rows of a batch. */
  int size() {
    return preserved.isEmpty() ? rows : 2 * rows;
  }

  @Override
  public Map<String, Tensor> batch(long position, SeededStream random) {
    var samples = new ArrayList<ErasureSample>();
    var conditions = new ArrayList<Conditioning>();
    for (List<Lesson> lessons : List.of(erased, preserved)) {
      for (int i = 0; i < rows && !lessons.isEmpty(); i++) {
        long item = position * rows + i;
        Lesson lesson = lessons.get((int) (item % lessons.size()));
        Evaluation state = states.state(lesson, item / lessons.size(), item, cancellation);
        samples.add(ErasureSample.of(lesson, state));
        conditions.add(lesson.trained());
      }
    }
    samples.forEach(observer);
    return inputs(samples, Conditioning.join(conditions));
  }

  private Map<String, Tensor> inputs(List<ErasureSample> samples, Conditioning conditioning) {
    int size = samples.size();
    float[] timesteps = new float[size];
    float[] weights = new float[size];
    for (int i = 0; i < size; i++) {
      timesteps[i] = (float) samples.get(i).timestep();
      // The loss is a mean over all rows; each half is to be a mean of its own.
      weights[i] = (float) ((double) size / rows * (i < rows ? 1 : retainWeight));
    }
    Map<String, Tensor> inputs = new HashMap<>(conditioning.tensors());
    inputs.put("sample", Tensor.concat(samples.stream().map(ErasureSample::x).toList()));
    inputs.put("timestep", Tensor.of(Shape.of(size), timesteps));
    inputs.put(TARGET, Tensor.concat(samples.stream().map(ErasureSample::target).toList()));
    inputs.put(WEIGHT, Tensor.of(Shape.of(size), weights));
    return inputs;
  }
}
