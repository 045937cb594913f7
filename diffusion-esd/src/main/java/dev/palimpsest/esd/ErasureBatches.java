package dev.palimpsest.esd;

import dev.palimpsest.Conditioning;
import dev.palimpsest.esd.FrozenBase.Evaluation;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.BatchSource;
import dev.palimpsest.training.DiffusionLoss;
import dev.palimpsest.training.SeededStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The rows of an iteration: of each course as many, whose lessons take turns. So beside each row
 * that erases there is one of a prompt that is to stay, if there are any. One thread.
 */
final class ErasureBatches implements BatchSource {
  static final String TARGET = "target";

  private final List<Course> courses;
  private final int rows;
  private final Consumer<ErasureSample> observer;
  private Cancellation cancellation = new Cancellation();

  /**
   * @param rows of each course
   */
  ErasureBatches(List<Course> courses, int rows, Consumer<ErasureSample> observer) {
    this.courses = List.copyOf(courses);
    this.rows = rows;
    this.observer = observer;
  }

  /** What stops the denoising that a batch may need. */
  void cancelledBy(Cancellation given) {
    cancellation = given;
  }

  /** Rows of a batch. */
  int size() {
    return rows * courses.size();
  }

  @Override
  public Map<String, Tensor> batch(long position, SeededStream random) {
    var samples = new ArrayList<ErasureSample>();
    var conditions = new ArrayList<Conditioning>();
    float[] weights = new float[size()];
    for (Course course : courses) {
      int count = course.lessons().size();
      for (int i = 0; i < rows; i++) {
        long item = position * rows + i;
        Lesson lesson = course.lessons().get((int) (item % count));
        Evaluation state = course.states().state(lesson, item / count, item, cancellation);
        // The loss is a mean over all rows; each course's is to be a mean of its own.
        weights[samples.size()] = (float) (courses.size() * course.weight());
        samples.add(ErasureSample.of(lesson, state));
        conditions.add(lesson.trained());
      }
    }
    samples.forEach(observer);
    Map<String, Tensor> inputs = inputs(samples, Conditioning.join(conditions));
    inputs.put(DiffusionLoss.WEIGHT, Tensor.of(Shape.of(weights.length), weights));
    return inputs;
  }

  private static Map<String, Tensor> inputs(
      List<ErasureSample> samples, Conditioning conditioning) {
    float[] timesteps = new float[samples.size()];
    for (int i = 0; i < timesteps.length; i++) {
      timesteps[i] = (float) samples.get(i).timestep();
    }
    Map<String, Tensor> inputs = new HashMap<>(conditioning.tensors());
    inputs.put(
        DiffusionLoss.SAMPLE, Tensor.concat(samples.stream().map(ErasureSample::x).toList()));
    inputs.put("timestep", Tensor.of(Shape.of(timesteps.length), timesteps));
    inputs.put(TARGET, Tensor.concat(samples.stream().map(ErasureSample::target).toList()));
    return inputs;
  }
}
