package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Tensor;
import java.util.List;

/**
 * A run of a solver, apart from its arithmetic: counting, starting in the middle, noise levels. A
 * solver extends this with {@link #advance}; one that evaluates the network several times a step
 * also says which evaluations belong to which step.
 */
public abstract class SolverRun implements SchedulerRun {
  protected final SchedulePlan plan;
  protected final NoiseLevels levels;
  private int next;

  protected SolverRun(SchedulePlan plan, NoiseLevels levels) {
    this.plan = plan;
    this.levels = levels;
  }

  /**
   * One step of the algorithm.
   *
   * @param k the first network evaluation of this step in the grid
   * @param x the state, not to be changed
   * @param at evaluates the network, draws noise
   * @return the new state, a new array
   */
  protected abstract float[] advance(int k, float[] x, Evaluator at);

  /** The grid's index of the first network evaluation of the i-th step that this run makes. */
  protected int firstEvaluation(int i) {
    return plan.startStep() + i;
  }

  @Override
  public int steps() {
    return levels.evaluations() - plan.startStep();
  }

  @Override
  public final int evaluations() {
    return levels.evaluations() - firstEvaluation(0);
  }

  @Override
  public final double timestep(int i) {
    checkStep(i, steps() - 1);
    return levels.timestep(firstEvaluation(i));
  }

  @Override
  public final double[] timesteps() {
    return levels.timesteps.clone();
  }

  @Override
  public final double[] sigmas() {
    return levels.sigmas();
  }

  @Override
  public final float initialScale() {
    return levels.initialScale();
  }

  @Override
  public final Tensor addNoise(Tensor original, Tensor noise, int i) {
    checkStep(i, steps());
    return i == steps() ? original : levels.addNoise(original, noise, firstEvaluation(i));
  }

  @Override
  public final Tensor addNoiseAt(Tensor original, Tensor noise, double... timesteps) {
    return levels.addNoiseAt(original, noise, timesteps);
  }

  @Override
  public final Step step(int i, Tensor x, DenoisingFunction network, NoiseSource noise) {
    checkStep(i, steps() - 1);
    checkState(i == next, "step %s of a run is made once and in order, next is %s", i, next);
    checkArgument(
        x.dtype() == DType.FLOAT32 && x.shape().rank() >= 2,
        "the state must be float32 [batch, channels, ...], was %s",
        x);
    next++;
    var at = new Evaluator(plan, levels, x.shape(), network, noise);
    float[] result = advance(firstEvaluation(i), x.floats(), at);
    List<Evaluation> evaluations = at.evaluations();
    Tensor denoised = evaluations.get(evaluations.size() - 1).denoised();
    return new Step(Tensor.of(x.shape(), result), denoised, evaluations);
  }

  private static void checkStep(int i, int last) {
    checkArgument(0 <= i && i <= last, "step %s is not in 0..%s", i, last);
  }
}
