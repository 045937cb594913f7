package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;
import static dev.palimpsest.scheduler.Linear.derivative;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Linear multistep (Adams-Bashforth on uneven sigmas) for the probability flow of Karras et al.
 * 2022 (diffusers' scheduling_lms_discrete.py).
 *
 * <p>Departure, as in diffusers: a run that starts in the middle takes the coefficients of the full
 * order from its first step on, with the missing derivatives as zero.
 */
public final class LinearMultistep implements Scheduler {
  /** Abscissas and weights on [-1, 1] that integrate polynomials of up to fifth degree exactly. */
  private static final double[] NODES = {-Math.sqrt(0.6), 0, Math.sqrt(0.6)};

  private static final double[] WEIGHTS = {5 / 9.0, 8 / 9.0, 5 / 9.0};

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
    /** Newest first. */
    private final Deque<float[]> derivatives = new ArrayDeque<>();

    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      Prediction p = at.predict(k, x);
      derivatives.addFirst(derivative(x, p.denoised(), levels.sigma(k)));
      if (derivatives.size() > order) {
        derivatives.removeLast();
      }
      float[] sum = new float[x.length];
      int j = 0;
      for (float[] derivative : derivatives) {
        Linear.add(sum, (float) coefficient(k, j++), derivative);
      }
      Linear.add(sum, 1, x);
      return sum;
    }

    /** The integral from sigma_k to sigma_k+1 of the j-th Lagrange polynomial. */
    private double coefficient(int k, int j) {
      double from = levels.sigma(k);
      double half = (levels.sigma(k + 1) - from) / 2;
      double integral = 0;
      for (int node = 0; node < NODES.length; node++) {
        double tau = from + half * (1 + NODES[node]);
        double product = WEIGHTS[node] * half;
        for (int other = 0; other < Math.min(k + 1, order); other++) {
          if (other != j) {
            double sigma = levels.sigma(k - other);
            product *= (tau - sigma) / (levels.sigma(k - j) - sigma);
          }
        }
        integral += product;
      }
      return integral;
    }
  }
}
