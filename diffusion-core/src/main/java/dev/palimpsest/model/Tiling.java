package dev.palimpsest.model;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * How an autoencoder is applied to a large picture in overlapping tiles, so that memory depends on
 * the tile's size only: neighbouring tiles are blended linearly where they overlap. The result
 * differs from that of the whole picture, as each tile is normalised on its own. Immutable.
 * Reference: diffusers models/autoencoders/autoencoder_kl.py, tiled_decode and _tiled_encode; where
 * the overlap is not a whole number of latents, those put tiles at the wrong places, and this
 * rounds the overlap down.
 *
 * @param sampleSize the side of a tile in pixels
 * @param latentSize the side of a tile in latents
 * @param overlap the part of a tile that the next one covers too, in [0, 1)
 */
public record Tiling(int sampleSize, int latentSize, double overlap) {
  /** The overlap that diffusers uses. */
  public static final double DEFAULT_OVERLAP = 0.25;

  public Tiling {
    checkArgument(0 <= overlap && overlap < 1, "overlap must be in [0, 1), was %s", overlap);
    checkArgument(latentSize > 0, "latentSize must be positive, was %s", latentSize);
    checkArgument(
        sampleSize > 0 && sampleSize % latentSize == 0,
        "sampleSize must be a multiple of latentSize = %s, was %s",
        latentSize,
        sampleSize);
  }

  /** Tiles of the size of the pictures that the network was trained on. */
  public static Tiling of(AutoencoderKLConfig config) {
    int latents = config.sampleSize() / config.downscale();
    return new Tiling(latents * config.downscale(), latents, DEFAULT_OVERLAP);
  }

  /**
   * Latents to a picture; in one piece if they fit into a tile.
   *
   * @param latents float32 [batch, channels, height, width] as the decoder takes them
   * @param decoder runs the decoder on one tile; called one tile after another, row by row
   */
  public Tensor decode(Tensor latents, Function<Tensor, Tensor> decoder) {
    return tiled(latents, latentSize, sampleSize, decoder);
  }

  /**
   * A picture to latent parameters; in one piece if it fits into a tile.
   *
   * @param sample float32 [batch, channels, height, width] in [-1, 1]
   * @param encoder runs the encoder on one tile; called one tile after another, row by row
   */
  public Tensor encode(Tensor sample, Function<Tensor, Tensor> encoder) {
    return tiled(sample, sampleSize, latentSize, encoder);
  }

  private Tensor tiled(Tensor in, int inSize, int outSize, Function<Tensor, Tensor> network) {
    checkArgument(
        in.shape().rank() == 4, "need [batch, channels, height, width], was %s", in.shape());
    Planes whole = Planes.of(in);
    if (whole.height() <= inSize && whole.width() <= inSize) {
      return network.apply(in);
    }
    int shared = (int) (latentSize * overlap);
    int stride = inSize - shared * (inSize / latentSize);
    int blend = shared * (outSize / latentSize);
    List<Planes> rows = new ArrayList<>();
    List<Planes> above = List.of();
    for (int y = 0; y < whole.height(); y += stride) {
      List<Planes> row = new ArrayList<>();
      for (int x = 0; x < whole.width(); x += stride) {
        Tensor tile = whole.part(y, x, inSize).toTensor();
        Planes out = Planes.of(network.apply(tile));
        if (y > 0) {
          out.blendBelow(above.get(row.size()), blend);
        }
        if (x > 0) {
          out.blendRightOf(row.get(row.size() - 1), blend);
        }
        row.add(out);
      }
      rows.add(Planes.beside(row.stream().map(out -> out.part(0, 0, outSize - blend)).toList()));
      above = row;
    }
    return Planes.below(rows).toTensor();
  }
}
