package dev.palimpsest.scheduler;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A run that predicts each state from the estimates so far and, once the network was evaluated
 * there, corrects it with that estimate too, before it predicts the next. No evaluation is made at
 * the corrected state.
 */
abstract class CorrectedRun extends SolverRun {
  private final Recent estimates;

  /** The state before the last step, corrected, and that step's noise; null before the first. */
  private float @Nullable [] last;

  private float @Nullable [] lastNoise;

  CorrectedRun(SchedulePlan plan, NoiseLevels levels, int memory) {
    super(plan, levels);
    estimates = new Recent(memory);
  }

  /** What the solver works on. */
  abstract float[] target(Prediction p);

  /** The step from evaluation k to the next. */
  abstract ExponentialStep step(int k);

  /** The moments of a step by so many estimates. */
  abstract double[] moments(ExponentialStep step, int used);

  /** How many estimates predict the step from evaluation k, of so many that are known. */
  abstract int predictedBy(int k, int known);

  /** How many correct it, the one at its end included; 0 for no correction. */
  abstract int correctedBy(int k, int known);

  float @Nullable [] draw(Evaluator at) {
    return null;
  }

  @Override
  protected final float[] advance(int k, float[] x, Evaluator at) {
    float[] now = target(at.predict(k, x, plan.thresholding()));
    int before = estimates.size();
    List<float[]> both = estimates.after(now);
    int used = last == null ? 0 : correctedBy(k - 1, before + 1);
    float[] corrected = last == null || used == 0 ? x : update(k - 1, last, k, both, used);
    estimates.add(now);
    last = corrected;
    lastNoise = draw(at);
    return update(k, corrected, k, estimates.values(), predictedBy(k, estimates.size()));
  }

  /** The step that starts at evaluation {@code from}, by the first estimates, newest first. */
  private float[] update(int from, float[] x, int newest, List<float[]> estimates, int used) {
    ExponentialStep step = step(from);
    return step.from(x, newest, estimates, moments(step, used), lastNoise);
  }
}
