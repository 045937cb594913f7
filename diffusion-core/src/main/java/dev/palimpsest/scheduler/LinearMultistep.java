package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;
import static dev.palimpsest.scheduler.Linear.derivative;

import java.util.Arrays;

/**
 * Linear multistep (Adams-Bashforth on uneven sigmas) for the probability flow of Karras et al.
 * 2022 (diffusers' scheduling_lms_discrete.py).
 *
 * <p>Departure, as in diffusers: a run that starts in the middle takes the coefficients of the full
 * order from its first step on, with the missing derivatives as zero.
 */
public final class LinearMultistep implements Scheduler {
  private final int order;
  private final SigmaSpacing spacing;

  LinearMultistep() {
    this(4, SigmaSpacing.TIMESTEPS);
  }

  static LinearMultistep of(Settings settings) {
    return new LinearMultistep(4, SigmaSpacing.of(settings));
  }

  private LinearMultistep(int order, SigmaSpacing spacing) {
    this.order = order;
    this.spacing = spacing;
  }

  /** How many derivatives are used at most, 1..6. */
  public LinearMultistep order(int order) {
    checkArgument(1 <= order && order <= 6, "the order must be in 1..6, was %s", order);
    return new LinearMultistep(order, spacing);
  }

  public LinearMultistep sigmas(SigmaSpacing spacing) {
    return new LinearMultistep(order, spacing);
  }

  public LinearMultistep karrasSigmas() {
    return sigmas(SigmaSpacing.KARRAS);
  }

  @Override
  public String name() {
    return "lms";
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    return new Run(plan, NoiseLevels.exploding(plan, spacing, FinalSigma.ZERO));
  }

  private final class Run extends SolverRun {
    private final Recent derivatives = new Recent(order);

    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      float sigma = levels.sigma(k);
      float dt = levels.sigma(k + 1) - sigma;
      derivatives.add(derivative(x, at.predict(k, x).denoised(), sigma));
      double[] nodes = new double[Math.min(k + 1, order)];
      Arrays.setAll(nodes, j -> (levels.sigma(k - j) - (double) sigma) / dt);
      double[] known = Arrays.copyOf(Interpolation.adamsBashforth(nodes), derivatives.size());
      float[] mean = Linear.sum(known, derivatives.values());
      Linear.mix(dt, mean, 1, x);
      return mean;
    }
  }
}
