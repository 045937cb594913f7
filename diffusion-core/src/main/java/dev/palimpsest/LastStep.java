package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.likelihood.DiagonalGaussian;
import dev.palimpsest.likelihood.DiscretizedGaussian;
import dev.palimpsest.likelihood.GaussianDiffusion;
import dev.palimpsest.likelihood.ModelVariance;
import dev.palimpsest.likelihood.NormalCdf;
import dev.palimpsest.likelihood.Respacing;
import dev.palimpsest.likelihood.ReverseProcess;
import dev.palimpsest.scheduler.Ddpm;
import dev.palimpsest.scheduler.DenoisingFunction;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.scheduler.SchedulePlan;
import dev.palimpsest.scheduler.Scheduler;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A network that remembers what it said last, from which the discrete decoder of the last step is
 * made. One run, one thread.
 */
final class LastStep implements DenoisingFunction {
  private final DenoisingFunction network;
  private @Nullable Tensor output;

  LastStep(DenoisingFunction network) {
    this.network = network;
  }

  @Override
  public Tensor predict(Tensor scaledX, double timestep) {
    Tensor predicted = network.predict(scaledX, timestep);
    output = predicted;
    return predicted;
  }

  /**
   * The pixels of a finished run, each at one of the 256 levels.
   *
   * @param denoised the last step's estimate of the clean sample, which is the decoder's mean
   * @return float32, 0..1
   */
  Tensor decode(
      PixelDecoder how, Ddpm solver, SchedulePlan plan, Tensor denoised, NoiseSource noise) {
    Respacing visited = respacing(solver.begin(plan).timesteps());
    GaussianDiffusion q = GaussianDiffusion.of(plan.noiseSchedule()).respaced(visited);
    ModelVariance variance = ModelVariance.of(solver.varianceType(plan));
    // Of this, only the variance is used.
    ReverseProcess.Step step =
        ReverseProcess.of(q, PredictionType.SAMPLE, variance)
            .step(requireNonNull(output), denoised, 0);
    var gaussian = DiagonalGaussian.of(denoised, step.distribution().logVariance());
    DiscretizedGaussian decoder = DiscretizedGaussian.of(gaussian).cdf(NormalCdf.ERF);
    Tensor levels = how == PixelDecoder.SAMPLED ? decoder.sample(noise) : decoder.mostLikely();
    float[] unit = levels.floats();
    for (int i = 0; i < unit.length; i++) {
      unit[i] /= 255;
    }
    return Tensor.of(levels.shape(), unit);
  }

  /** Refuses a solver other than DDPM's where its last step is to be decoded. */
  static void check(PixelDecoder how, Scheduler scheduler) {
    checkArgument(
        how == PixelDecoder.ROUNDED || scheduler instanceof Ddpm,
        "the pixel decoder %s needs the scheduler ddpm, whose last step has a distribution; %s"
            + " leaves a value",
        how,
        scheduler.name());
  }

  private static Respacing respacing(double[] falling) {
    List<Integer> rising = new ArrayList<>();
    for (int i = falling.length - 1; i >= 0; i--) {
      rising.add((int) falling[i]);
    }
    return new Respacing(rising);
  }
}
