package dev.palimpsest;

import dev.palimpsest.model.AutoencoderKLConfig;
import dev.palimpsest.model.LatentDistribution;
import dev.palimpsest.model.Tiling;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.runtime.TensorSpec;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Tensor;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A checkpoint's autoencoder. Its two halves are opened when first used. */
final class Vae implements LatentDecoder {
  private final AutoencoderKLConfig config;
  private final @Nullable Half encoder;
  private final Half decoder;
  private final @Nullable Tiling tiling;

  /**
   * @param encoder null if the checkpoint has none
   * @param tiling null to work in one piece
   */
  Vae(AutoencoderKLConfig config, @Nullable Half encoder, Half decoder, @Nullable Tiling tiling) {
    this.config = config;
    this.encoder = encoder;
    this.decoder = decoder;
    this.tiling = tiling;
  }

  @Override
  public int scaleFactor() {
    return config.downscale();
  }

  @Override
  public Tensor decode(Tensor latents, Cancellation cancellation) {
    Tensor z = config.unscale(latents);
    return tiling == null
        ? decoder.run(z, cancellation)
        : tiling.decode(z, tile -> decoder.run(tile, cancellation));
  }

  boolean encodes() {
    return encoder != null;
  }

  /**
   * What a picture's latents are distributed as, before scaling.
   *
   * @param pixels float32 [1, 3, height, width] in [-1, 1]
   */
  LatentDistribution encode(Tensor pixels, Cancellation cancellation) {
    if (encoder == null) {
      throw new IllegalStateException("this model has no encoder");
    }
    Tensor parameters =
        tiling == null
            ? encoder.run(pixels, cancellation)
            : tiling.encode(pixels, tile -> encoder.run(tile, cancellation));
    return LatentDistribution.of(parameters);
  }

  /** The most likely latents as the denoiser takes them. */
  Tensor mode(LatentDistribution latents) {
    return config.scale(latents.mode());
  }

  /** A draw from that distribution as the denoiser takes it. */
  Tensor sample(LatentDistribution latents, Tensor noise) {
    return config.scale(latents.sample(noise));
  }

  /** One of the two halves of an autoencoder. */
  static final class Half implements AutoCloseable {
    private final LazySession session;
    private final @Nullable LazySession exact;
    private volatile boolean overflows;

    /**
     * @param exact what takes over once {@code session} gives numbers that are not finite, or null
     */
    Half(LazySession session, @Nullable LazySession exact) {
      this.session = session;
      this.exact = exact;
    }

    Tensor run(Tensor in, Cancellation cancellation) {
      if (exact == null) {
        return run(session.get(), in, cancellation);
      }
      if (!overflows) {
        Tensor out = run(session.get(), in, cancellation);
        if (isFinite(out)) {
          return out;
        }
        overflows = true;
      }
      return run(exact.get(), in, cancellation);
    }

    private static Tensor run(Session session, Tensor in, Cancellation cancellation) {
      TensorSpec input = session.inputs().values().iterator().next();
      return session
          .run(Map.of(input.name(), in.as(input.dtype())), cancellation)
          .values()
          .iterator()
          .next()
          .as(DType.FLOAT32);
    }

    private static boolean isFinite(Tensor tensor) {
      for (float value : tensor.floats()) {
        if (!Float.isFinite(value)) {
          return false;
        }
      }
      return true;
    }

    @Override
    public void close() {
      session.close();
      if (exact != null) {
        exact.close();
      }
    }
  }

  @Override
  public void close() {
    decoder.close();
    if (encoder != null) {
      encoder.close();
    }
  }
}
