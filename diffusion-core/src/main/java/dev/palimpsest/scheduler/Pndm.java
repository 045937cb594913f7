package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * Pseudo numerical methods for diffusion models (Liu et al. 2022, formulas 9, 12, 13 and algorithm
 * 2; diffusers' scheduling_pndm.py): linear multistep of order 4 on the network's output, started
 * by three Runge-Kutta steps of four evaluations, or, without those (PLMS), by one step of two.
 *
 * <p>Departures from the paper, as in diffusers: the outputs of earlier timesteps are combined
 * before a v-prediction is converted, with the coefficients of the current one; and a PLMS run that
 * starts in the middle takes its second timestep for a repetition of the first.
 */
public final class Pndm implements Scheduler {
  private final boolean skipPrkSteps;

  Pndm() {
    this(false);
  }

  static Pndm of(Settings settings) {
    return new Pndm(settings.flag("skip_prk_steps", false));
  }

  private Pndm(boolean skipPrkSteps) {
    this.skipPrkSteps = skipPrkSteps;
  }

  /** Whether the Runge-Kutta steps are left out, as Stable Diffusion's configurations have it. */
  public Pndm skipPrkSteps(boolean skip) {
    return new Pndm(skip);
  }

  @Override
  public String name() {
    return "pndm";
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    checkArgument(
        plan.timesteps() == null && plan.sigmas() == null,
        "pndm takes a number of steps, not timesteps or sigmas");
    checkArgument(
        skipPrkSteps || plan.steps() >= 4,
        "pndm with Runge-Kutta steps needs at least 4 steps, was %s; or skip them",
        plan.steps());
    checkArgument(
        skipPrkSteps || plan.startStep() == 0,
        "pndm cannot start in the middle with Runge-Kutta steps; skip them (skipPrkSteps)");
    checkArgument(
        plan.predictionType() == PredictionType.EPSILON
            || plan.predictionType() == PredictionType.V_PREDICTION,
        "pndm works on epsilon or v_prediction, not %s",
        plan.predictionType());
    double[] grid = Timesteps.discrete(plan, TimestepSpacing.LEADING);
    return skipPrkSteps ? new PndmMultistep(plan, grid) : new PndmRungeKutta(plan, grid);
  }
}
