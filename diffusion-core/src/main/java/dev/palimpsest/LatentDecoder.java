package dev.palimpsest;

import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.tensor.Tensor;

/** What turns latents into pixels. Implementations must be thread-safe. */
public interface LatentDecoder extends AutoCloseable {

  /** Pixels a latent spans on each side; 1 if there are no latents. */
  int scaleFactor();

  /**
   * The pictures of finished latents.
   *
   * @param latents float32 [batch, channels, height / scaleFactor, width / scaleFactor], as the
   *     scheduler leaves them
   * @return float32 [batch, 3, height, width], about -1..1
   * @throws dev.palimpsest.errors.CancelledException if cancelled
   */
  Tensor decode(Tensor latents, Cancellation cancellation);

  /** The decoder of a model that works on pixels: gives back what it gets. */
  static LatentDecoder identity() {
    return new LatentDecoder() {
      @Override
      public int scaleFactor() {
        return 1;
      }

      @Override
      public Tensor decode(Tensor latents, Cancellation cancellation) {
        return latents;
      }
    };
  }

  /** Releases native memory. Who hands a decoder to a pipeline closes it. */
  @Override
  default void close() {}
}
