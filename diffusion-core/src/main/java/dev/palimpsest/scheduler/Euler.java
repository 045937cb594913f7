package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;
import static dev.palimpsest.scheduler.Linear.along;
import static dev.palimpsest.scheduler.Linear.combine;

/**
 * Euler's method, stochastic with churn (Karras et al. 2022, algorithm 2 without the second-order
 * correction; diffusers' scheduling_euler_discrete.py).
 *
 * <p>Departures from the paper, as in diffusers: with churn the network is evaluated before the
 * noise is added, and a v-prediction is converted with the noise level before it.
 */
public final class Euler implements Scheduler {
  private final SigmaSpacing spacing;
  private final FinalSigma finalSigma;
  private final double churn;
  private final double churnMin;
  private final double churnMax;
  private final double noiseScale;

  Euler() {
    this(SigmaSpacing.TIMESTEPS, FinalSigma.ZERO, 0, 0, Double.POSITIVE_INFINITY, 1);
  }

  static Euler of(Settings settings) {
    return new Euler()
        .sigmas(SigmaSpacing.of(settings))
        .finalSigma(settings.choice("final_sigmas_type", FinalSigma.ZERO));
  }

  private Euler(
      SigmaSpacing spacing,
      FinalSigma finalSigma,
      double churn,
      double churnMin,
      double churnMax,
      double noiseScale) {
    this.spacing = spacing;
    this.finalSigma = finalSigma;
    this.churn = churn;
    this.churnMin = churnMin;
    this.churnMax = churnMax;
    this.noiseScale = noiseScale;
  }

  public Euler sigmas(SigmaSpacing spacing) {
    return new Euler(spacing, finalSigma, churn, churnMin, churnMax, noiseScale);
  }

  public Euler karrasSigmas() {
    return sigmas(SigmaSpacing.KARRAS);
  }

  public Euler finalSigma(FinalSigma finalSigma) {
    return new Euler(spacing, finalSigma, churn, churnMin, churnMax, noiseScale);
  }

  /**
   * Adds noise before each step, in the paper's symbols.
   *
   * @param churn S_churn, the noise added over all steps; 0 for none
   * @param min S_tmin, the smallest sigma at which noise is added
   * @param max S_tmax, the largest one
   * @param noiseScale S_noise, its standard deviation, normally 1 or slightly above
   */
  public Euler churn(double churn, double min, double max, double noiseScale) {
    checkArgument(churn >= 0, "churn must not be negative, was %s", churn);
    return new Euler(spacing, finalSigma, churn, min, max, noiseScale);
  }

  @Override
  public String name() {
    return "euler";
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    return new Run(plan, NoiseLevels.exploding(plan, spacing, finalSigma));
  }

  private final class Run extends SolverRun {
    private final int intervals = levels.sigmas().length - 1;

    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      float sigma = levels.sigma(k);
      boolean churned = churnMin <= sigma && sigma <= churnMax;
      double gamma = churned ? Math.min(churn / intervals, Math.sqrt(2) - 1) : 0;
      float sigmaHat = sigma * (float) (gamma + 1);
      Prediction p = at.predict(k, x);
      float[] xHat = x;
      float[] denoised = p.denoised();
      if (gamma > 0) {
        float added = (float) Math.sqrt(sigmaHat * sigmaHat - sigma * sigma);
        xHat = combine(1, x, (float) noiseScale * added, at.gaussian());
        denoised = p.denoisedFrom(xHat, sigmaHat);
        at.estimate(denoised);
      }
      return along(xHat, levels.sigma(k + 1) - sigmaHat, xHat, denoised, sigmaHat);
    }
  }
}
