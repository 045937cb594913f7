package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.errors.UnsupportedModelException;

/**
 * Improved pseudo linear multistep of order 4 on continuous time (Liu et al. 2022, equation 12,
 * with lower orders at the start as in Crowson's v-diffusion-pytorch; diffusers'
 * scheduling_ipndm.py). For networks with {@link PredictionType#V_PREDICTION} that take timesteps
 * in 0..1.
 *
 * <p>It has noise levels of its own, sigma = sin²(π s / 2) for s falling evenly from 1 to 0, which
 * begin at pure noise; the plan's schedule is not used.
 */
public final class Ipndm implements Scheduler {
  Ipndm() {}

  static Ipndm of(Settings settings) {
    if (settings.has("trained_betas")) {
      throw new UnsupportedModelException(
          "ipndm has noise levels of its own; it cannot take trained_betas");
    }
    return new Ipndm();
  }

  @Override
  public String name() {
    return "ipndm";
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    checkArgument(
        plan.timesteps() == null && plan.sigmas() == null,
        "ipndm takes a number of steps, not timesteps or sigmas");
    checkArgument(
        plan.predictionType() == PredictionType.V_PREDICTION,
        "ipndm works on v_prediction, not %s",
        plan.predictionType());
    return new Run(plan, levels(plan.steps()));
  }

  private static NoiseLevels levels(int n) {
    double[] s = Timesteps.linspace(1, 0, n + 1);
    double[] timesteps = new double[n];
    float[] alphas = new float[n + 1];
    float[] sigmas = new float[n + 1];
    for (int k = 0; k <= n; k++) {
      double sin = Math.sin(s[k] * Math.PI / 2);
      sigmas[k] = (float) (sin * sin);
      alphas[k] = (float) Math.sqrt(1 - sigmas[k] * sigmas[k]);
      if (k < n) {
        timesteps[k] = (float) (Math.atan2(sigmas[k], alphas[k]) / Math.PI * 2);
      }
    }
    return NoiseLevels.of(timesteps, alphas, sigmas);
  }

  private static final class Run extends SolverRun {
    private final Recent epsilons = new Recent(4);

    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      epsilons.add(at.predict(k, x).epsilon());
      float[] epsilon = Linear.adamsBashforth(epsilons.values());
      // Where the state is pure noise the estimate of the clean sample is 0.
      float scale = 1 / Math.max(levels.alpha(k), 1e-8f);
      float sigma = levels.sigma(k);
      float alphaNext = levels.alpha(k + 1);
      float sigmaNext = levels.sigma(k + 1);
      for (int i = 0; i < x.length; i++) {
        float x0 = (x[i] - sigma * epsilon[i]) * scale;
        epsilon[i] = alphaNext * x0 + sigmaNext * epsilon[i];
      }
      return epsilon; // a sum of its own, which becomes the state
    }
  }
}
