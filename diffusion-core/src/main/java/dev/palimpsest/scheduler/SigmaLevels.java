package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.Tensor;

/** The noise levels of solvers that count in sigmas. */
abstract class SigmaLevels extends NoiseLevels {
  final float[] sigmas;

  private SigmaLevels(double[] timesteps, float[] sigmas) {
    super(timesteps);
    check(timesteps, sigmas);
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

  static void check(double[] timesteps, float[] sigmas) {
    checkArgument(
        sigmas.length > timesteps.length,
        "%s timesteps need at least %s sigmas, got %s",
        timesteps.length,
        timesteps.length + 1,
        sigmas.length);
  }

  static class Exploding extends SigmaLevels {
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

    /** In v's own space the state is x / sqrt(sigma² + 1). */
    @Override
    float[] epsilonOfVelocity(int k, float[] x, float[] v) {
      float sigma = sigma(k);
      return Linear.combine(1 / norm(sigma), v, sigma / (sigma * sigma + 1), x);
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

  static final class Midpoints extends Exploding {
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

  static final class Preserving extends SigmaLevels {
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

  static final class Flow extends SigmaLevels {
    Flow(double[] timesteps, float[] sigmas) {
      super(timesteps, sigmas);
    }

    @Override
    public float alpha(int k) {
      return 1 - sigmas[k];
    }
  }
}
