package dev.palimpsest;

import dev.palimpsest.model.AutoencoderKLConfig;
import dev.palimpsest.model.LatentDistribution;
import dev.palimpsest.model.Tiling;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Tensor;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A checkpoint's autoencoder. Its two halves are opened when first used. */
final class Vae implements LatentDecoder {
  private final AutoencoderKLConfig config;
  private final @Nullable LazySession encoder;
  private final LazySession decoder;
  private final @Nullable Tiling tiling;

  /**
   * @param encoder null if the checkpoint has none
   * @param tiling null to work in one piece
   */
  Vae(
      AutoencoderKLConfig config,
      @Nullable LazySession encoder,
      LazySession decoder,
      @Nullable Tiling tiling) {
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
        ? run(decoder, z, cancellation)
        : tiling.decode(z, tile -> run(decoder, tile, cancellation));
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
            ? run(encoder, pixels, cancellation)
            : tiling.encode(pixels, tile -> run(encoder, tile, cancellation));
    return LatentDistribution.of(parameters);
  }

  /** A draw from that distribution as the denoiser takes it. */
  Tensor sample(LatentDistribution latents, Tensor noise) {
    return config.scale(latents.sample(noise));
  }

  private static Tensor run(LazySession lazy, Tensor in, Cancellation cancellation) {
    Session session = lazy.get();
    var input = session.inputs().values().iterator().next();
    return session
        .run(Map.of(input.name(), in.as(input.dtype())), cancellation)
        .values()
        .iterator()
        .next()
        .as(DType.FLOAT32);
  }

  @Override
  public void close() {
    decoder.close();
    if (encoder != null) {
      encoder.close();
    }
  }
}
