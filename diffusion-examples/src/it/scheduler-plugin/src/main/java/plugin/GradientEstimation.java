package plugin;

import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.scheduler.Evaluator;
import dev.palimpsest.scheduler.FinalSigma;
import dev.palimpsest.scheduler.NoiseLevels;
import dev.palimpsest.scheduler.SchedulePlan;
import dev.palimpsest.scheduler.Scheduler;
import dev.palimpsest.scheduler.SchedulerProvider;
import dev.palimpsest.scheduler.SchedulerRun;
import dev.palimpsest.scheduler.SigmaSpacing;
import dev.palimpsest.scheduler.SolverRun;
import java.util.List;
import java.util.Map;

/**
 * Gradient estimation (Permenter and Yuan 2024, "Interpreting and Improving Diffusion Models from an
 * Optimization Perspective", arXiv 2306.04848, algorithm 2): Euler's method along
 *
 * <pre>ε̄_t = γ ε(x_t, σ_t) + (1 - γ) ε(x_{t+1}, σ_{t+1}),  x_{t-1} = x_t + (σ_{t-1} - σ_t) ε̄_t</pre>
 *
 * where x = x_0 + σ ε. With γ = 1 it is Euler's method, with γ = 2 the paper's; the first step has no
 * ε before it and is Euler's.
 */
public final class GradientEstimation implements Scheduler, SchedulerProvider {
  private final float gamma;

  /** The provider that the services file names, and the scheduler with the paper's γ = 2. */
  public GradientEstimation() {
    this(2);
  }

  public GradientEstimation(double gamma) {
    if (!(gamma >= 1 && gamma < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("gamma must be >= 1, was " + gamma);
    }
    this.gamma = (float) gamma;
  }

  @Override
  public String name() {
    return "gradient_estimation";
  }

  @Override
  public List<String> classNames() {
    return List.of("GradientEstimationScheduler");
  }

  @Override
  public Scheduler create(Map<String, Object> config) {
    Object gamma = config.getOrDefault("gamma", 2);
    if (gamma instanceof Number) {
      return new GradientEstimation(((Number) gamma).doubleValue());
    }
    throw new UnsupportedModelException("scheduler field gamma is " + gamma + ", not a number");
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    return new Run(plan);
  }

  /** All state of a run; the scheduler itself has none. */
  private final class Run extends SolverRun {
    private float[] last;

    Run(SchedulePlan plan) {
      super(plan, NoiseLevels.exploding(plan, SigmaSpacing.TIMESTEPS, FinalSigma.ZERO));
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      float[] epsilon = at.predict(k, x).epsilon();
      float[] before = last == null ? epsilon : last;
      float step = levels.sigma(k + 1) - levels.sigma(k);
      float[] next = new float[x.length];
      for (int i = 0; i < next.length; i++) {
        next[i] = x[i] + step * (gamma * epsilon[i] + (1 - gamma) * before[i]);
      }
      last = epsilon;
      return next;
    }
  }
}
