package dev.palimpsest;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.errors.UnsupportedModelException;
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
  private final VaeTiling tiling;

  /**
   * @param encoder null if the checkpoint has none
   */
  Vae(AutoencoderKLConfig config, @Nullable Half encoder, Half decoder, VaeTiling tiling) {
    this.config = config;
    this.encoder = encoder;
    this.decoder = decoder;
    this.tiling = tiling;
    checkTiling();
  }

  private void checkTiling() {
    if (tiling == VaeTiling.EXACT && decoder.staged == null) {
      throw new UnsupportedModelException(
          "exact tiling needs the autoencoder's weights; this checkpoint has an ONNX export only");
    }
  }

  /** The same autoencoder, applied in another way. Either is closed. */
  Vae tiled(VaeTiling other) {
    return new Vae(config, encoder, decoder, other);
  }

  @Override
  public int scaleFactor() {
    return config.downscale();
  }

  @Override
  public Tensor decode(Tensor latents, Cancellation cancellation) {
    Tensor z = config.unscale(latents);
    return switch (tiling) {
      case NONE -> decoder.run(z, cancellation);
      case DIFFUSERS -> Tiling.of(config).decode(z, tile -> decoder.run(tile, cancellation));
      case EXACT -> requireNonNull(decoder.staged).run(z, cancellation);
    };
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
    Half half = encoder;
    if (half == null) {
      throw new IllegalStateException("this model has no encoder");
    }
    return LatentDistribution.of(
        switch (tiling) {
          case NONE -> half.run(pixels, cancellation);
          case DIFFUSERS -> Tiling.of(config).encode(pixels, tile -> half.run(tile, cancellation));
          case EXACT -> requireNonNull(half.staged).run(pixels, cancellation);
        });
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
    private final @Nullable StagedNetwork staged;
    private volatile boolean overflows;

    /**
     * @param exact what takes over once {@code session} gives numbers that are not finite, or null
     * @param staged the same network stage by stage, or null if there are no weights
     */
    Half(LazySession session, @Nullable LazySession exact, @Nullable StagedNetwork staged) {
      this.staged = staged;
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
