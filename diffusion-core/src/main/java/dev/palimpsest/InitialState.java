package dev.palimpsest;

import dev.palimpsest.scheduler.SchedulerRun;
import dev.palimpsest.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What a run starts from.
 *
 * @param x float32 [images, channels, height, width]
 * @param extraChannels what goes beside x at each evaluation, or null
 * @param blend what is put back after each step, or null
 */
record InitialState(Tensor x, @Nullable Tensor extraChannels, @Nullable Blend blend) {

  /**
   * Inpainting with a model that knows no masks: after each step, what is kept is replaced by the
   * original at that step's noise level (Lugmayr et al. 2022, without resampling).
   *
   * @param mask float32 [images, 1, height, width], 1 where the picture is made anew
   */
  record Blend(Tensor original, Tensor noise, Tensor mask) {

    /** The state at the start of step {@code next}. */
    Tensor apply(SchedulerRun run, Tensor x, int next) {
      float[] kept = run.addNoise(original, noise, next).floats();
      float[] made = x.floats();
      float[] m = mask.floats();
      int plane = (int) (x.shape().dim(2) * x.shape().dim(3));
      int channels = (int) x.shape().dim(1);
      float[] out = new float[made.length];
      for (int i = 0; i < out.length; i++) {
        float share = m[i / (plane * channels) * plane + i % plane];
        out[i] = (1 - share) * kept[i] + share * made[i];
      }
      return Tensor.of(x.shape(), out);
    }
  }
}
