package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.Tensor;

/**
 * Where each network evaluation of a run stands: its timestep and its noise level (alpha, sigma),
 * with x = alpha x0 + sigma epsilon. Entry {@code k} is the k-th evaluation of the whole grid.
 * Immutable.
 */
public abstract class NoiseLevels {
  final double[] timesteps;

  NoiseLevels(double[] timesteps) {
    this.timesteps = timesteps;
  }

  /**
   * Those of a plan for solvers that count in whole timesteps.
   *
   * @param otherwise the spacing where the plan has none
   */
  public static NoiseLevels of(SchedulePlan plan, TimestepSpacing otherwise) {
    return of(plan.noiseSchedule(), Timesteps.discrete(plan, otherwise));
  }

  /** Those of a plan for solvers that count in sigmas, one evaluation a step. */
  public static NoiseLevels exploding(
      SchedulePlan plan, SigmaSpacing spacing, FinalSigma finalSigma) {
    return SigmaGrid.of(plan, spacing, finalSigma).exploding(plan);
  }

  /** As {@link #exploding(SchedulePlan, SigmaSpacing, FinalSigma)}, two evaluations a step. */
  static NoiseLevels explodingTwice(SchedulePlan plan, SigmaSpacing spacing) {
    return SigmaGrid.of(plan, spacing, FinalSigma.ZERO).explodingTwice(plan);
  }

  /** Levels of the training timesteps: alpha = sqrt(ᾱ_t), sigma = sqrt(1 - ᾱ_t). */
  public static NoiseLevels of(NoiseSchedule schedule, double[] timesteps) {
    return new OfTimesteps(schedule, timesteps.clone());
  }

  /**
   * Levels that are given; the timesteps are free.
   *
   * @param alphas one more than timesteps: that after the last step
   * @param sigmas as many
   */
  static NoiseLevels of(double[] timesteps, float[] alphas, float[] sigmas) {
    return new Given(timesteps.clone(), alphas.clone(), sigmas.clone());
  }

  /**
   * As {@link #exploding(double[], float[], boolean)} for sigmas that are listed twice but the
   * first, with every second evaluation made between two of them.
   *
   * @param middles the sigmas of evaluations 1, 3, 5, ...
   */
  static NoiseLevels midpoints(
      double[] timesteps, float[] sigmas, float[] middles, boolean unitInitialVariance) {
    return new SigmaLevels.Midpoints(timesteps, sigmas, middles, unitInitialVariance);
  }

  /**
   * The space in which x = x0 + sigma epsilon; the network sees x / sqrt(sigma² + 1).
   *
   * @param sigmas at least one more than timesteps: that after the last step, then what is unused
   * @param unitInitialVariance whether a first state from pure noise also holds a unit sample
   */
  public static NoiseLevels exploding(
      double[] timesteps, float[] sigmas, boolean unitInitialVariance) {
    return new SigmaLevels.Exploding(timesteps.clone(), sigmas.clone(), unitInitialVariance);
  }

  /** As {@link #exploding}, with x divided by sqrt(sigma² + 1), so that its variance stays. */
  public static NoiseLevels preserving(double[] timesteps, float[] sigmas) {
    return new SigmaLevels.Preserving(timesteps.clone(), sigmas.clone());
  }

  /** The straight path of rectified flows: alpha = 1 - sigma. */
  public static NoiseLevels flow(double[] timesteps, float[] sigmas) {
    return new SigmaLevels.Flow(timesteps.clone(), sigmas.clone());
  }

  /** Network evaluations of the whole grid. */
  public final int evaluations() {
    return timesteps.length;
  }

  public final double timestep(int k) {
    return timesteps[k];
  }

  public abstract float alpha(int k);

  public abstract float sigma(int k);

  /** What the state is multiplied with before the network sees it; 1 in most spaces. */
  float inputNorm(int k) {
    return 1;
  }

  float initialScale() {
    return 1;
  }

  double[] sigmas() {
    return new double[0];
  }

  /** The estimate of the clean sample from the state and the network's output. */
  float[] denoised(PredictionType type, int k, float[] x, float[] output) {
    float alpha = alpha(k);
    float sigma = sigma(k);
    return switch (type) {
      case SAMPLE -> output.clone();
      case EPSILON -> {
        float[] x0 = new float[x.length];
        for (int i = 0; i < x0.length; i++) {
          x0[i] = (x[i] - sigma * output[i]) / alpha;
        }
        yield x0;
      }
      case V_PREDICTION -> Linear.combine(alpha, x, -sigma, output);
      case FLOW_PREDICTION -> Linear.combine(1, x, -sigma, output);
    };
  }

  /** The noise in the state, from v = alpha epsilon - sigma x0. */
  float[] epsilonOfVelocity(int k, float[] x, float[] v) {
    return Linear.combine(alpha(k), v, sigma(k), x);
  }

  Tensor addNoise(Tensor original, Tensor noise, int k) {
    return Linear.mixRows(new float[] {alpha(k)}, original, new float[] {sigma(k)}, noise);
  }

  Tensor addNoiseAt(Tensor original, Tensor noise, double[] at) {
    float[] alphas = new float[at.length];
    float[] sigmas = new float[at.length];
    for (int i = 0; i < at.length; i++) {
      int k = indexOf(at[i]);
      alphas[i] = alpha(k);
      sigmas[i] = sigma(k);
    }
    return Linear.mixRows(alphas, original, sigmas, noise);
  }

  /** The evaluation at a timestep; the second where several are, as diffusers has it. */
  private int indexOf(double timestep) {
    int found = 0;
    for (int k = 1; k < timesteps.length; k++) {
      if (Math.abs(timesteps[k] - timestep) < Math.abs(timesteps[found] - timestep)) {
        found = k;
      }
    }
    // Fractional timesteps come back from float32 tensors.
    checkArgument(
        Math.abs(timesteps[found] - timestep) < 1e-3,
        "timestep %s is not among the %s of this run, from %s to %s",
        timestep,
        timesteps.length,
        timesteps[0],
        timesteps[timesteps.length - 1]);
    boolean twice = found + 1 < timesteps.length && timesteps[found + 1] == timesteps[found];
    return twice ? found + 1 : found;
  }

  private static final class OfTimesteps extends NoiseLevels {
    private final NoiseSchedule schedule;

    OfTimesteps(NoiseSchedule schedule, double[] timesteps) {
      super(timesteps);
      this.schedule = schedule;
    }

    @Override
    public float alpha(int k) {
      return (float) Math.sqrt(schedule.alphaCumprod((int) timesteps[k]));
    }

    @Override
    public float sigma(int k) {
      return (float) Math.sqrt(1 - schedule.alphaCumprod((int) timesteps[k]));
    }

    @Override
    Tensor addNoiseAt(Tensor original, Tensor noise, double[] at) {
      int[] whole = new int[at.length];
      for (int i = 0; i < at.length; i++) {
        checkArgument(at[i] == Math.rint(at[i]), "timestep %s is not a whole number", at[i]);
        whole[i] = (int) at[i];
      }
      return schedule.addNoise(original, noise, whole);
    }
  }

  private static final class Given extends NoiseLevels {
    private final float[] alphas;
    private final float[] sigmas;

    Given(double[] timesteps, float[] alphas, float[] sigmas) {
      super(timesteps);
      SigmaLevels.check(timesteps, sigmas);
      this.alphas = alphas;
      this.sigmas = sigmas;
    }

    @Override
    public float alpha(int k) {
      return alphas[k];
    }

    @Override
    public float sigma(int k) {
      return sigmas[k];
    }
  }
}
