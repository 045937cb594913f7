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

  private NoiseLevels(double[] timesteps) {
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
    return new Midpoints(timesteps, sigmas, middles, unitInitialVariance);
  }

  /**
   * The space in which x = x0 + sigma epsilon; the network sees x / sqrt(sigma² + 1).
   *
   * @param sigmas at least one more than timesteps: that after the last step, then what is unused
   * @param unitInitialVariance whether a first state from pure noise also holds a unit sample
   */
  public static NoiseLevels exploding(
      double[] timesteps, float[] sigmas, boolean unitInitialVariance) {
    return new Exploding(timesteps.clone(), sigmas.clone(), unitInitialVariance);
  }

  /** As {@link #exploding}, with x divided by sqrt(sigma² + 1), so that its variance stays. */
  public static NoiseLevels preserving(double[] timesteps, float[] sigmas) {
    return new Preserving(timesteps.clone(), sigmas.clone());
  }

  /** The straight path of rectified flows: alpha = 1 - sigma. */
  public static NoiseLevels flow(double[] timesteps, float[] sigmas) {
    return new Flow(timesteps.clone(), sigmas.clone());
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

  private static void checkSigmas(double[] timesteps, float[] sigmas) {
    checkArgument(
        sigmas.length > timesteps.length,
        "%s timesteps need at least %s sigmas, got %s",
        timesteps.length,
        timesteps.length + 1,
        sigmas.length);
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
      checkSigmas(timesteps, sigmas);
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

  private abstract static class OfSigmas extends NoiseLevels {
    final float[] sigmas;

    OfSigmas(double[] timesteps, float[] sigmas) {
      super(timesteps);
      checkSigmas(timesteps, sigmas);
      this.sigmas = sigmas;
    }

    @Override
    public float sigma(int k) {
      return sigmas[k];
    }

    @Override
    double[] sigmas() {
      double[] values = new double[sigmas.length];
      for (int i = 0; i < values.length; i++) {
        values[i] = sigmas[i];
      }
      return values;
    }

    static float norm(float sigma) {
      return (float) Math.sqrt(sigma * sigma + 1);
    }
  }

  private static class Exploding extends OfSigmas {
    private final boolean unitInitialVariance;

    Exploding(double[] timesteps, float[] sigmas, boolean unitInitialVariance) {
      super(timesteps, sigmas);
      this.unitInitialVariance = unitInitialVariance;
    }

    @Override
    public float alpha(int k) {
      return 1;
    }

    @Override
    float inputNorm(int k) {
      return norm(sigma(k));
    }

    @Override
    float initialScale() {
      float max = 0;
      for (float sigma : sigmas) {
        max = Math.max(max, sigma);
      }
      return unitInitialVariance ? norm(max) : max;
    }

    @Override
    float[] denoised(PredictionType type, int k, float[] x, float[] output) {
      if (type != PredictionType.V_PREDICTION) {
        return super.denoised(type, k, x, output);
      }
      float sigma = sigma(k);
      float ofOutput = -sigma / norm(sigma);
      float variance = sigma * sigma + 1;
      float[] x0 = new float[x.length];
      for (int i = 0; i < x0.length; i++) {
        x0[i] = output[i] * ofOutput + x[i] / variance;
      }
      return x0;
    }
  }

  private static final class Midpoints extends Exploding {
    private final float[] middles;

    Midpoints(double[] timesteps, float[] sigmas, float[] middles, boolean unitInitialVariance) {
      super(timesteps, sigmas, unitInitialVariance);
      this.middles = middles;
    }

    @Override
    public float sigma(int k) {
      return k % 2 == 1 ? middles[k / 2] : sigmas[k];
    }

    @Override
    Tensor addNoiseAt(Tensor original, Tensor noise, double[] at) {
      return exploding(timesteps, sigmas, false).addNoiseAt(original, noise, at);
    }
  }

  private static final class Preserving extends OfSigmas {
    Preserving(double[] timesteps, float[] sigmas) {
      super(timesteps, sigmas);
    }

    @Override
    public float alpha(int k) {
      return 1 / norm(sigmas[k]);
    }

    @Override
    public float sigma(int k) {
      return sigmas[k] * alpha(k);
    }
  }

  private static final class Flow extends OfSigmas {
    Flow(double[] timesteps, float[] sigmas) {
      super(timesteps, sigmas);
    }

    @Override
    public float alpha(int k) {
      return 1 - sigmas[k];
    }
  }
}
