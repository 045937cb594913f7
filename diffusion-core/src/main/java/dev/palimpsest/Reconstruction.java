package dev.palimpsest;

import dev.palimpsest.image.PictureError;
import dev.palimpsest.tensor.Tensor;

/**
 * A picture that was generated again from its {@link Inversion}, and what was lost on the way.
 *
 * @param image the picture generated again
 * @param autoencoder what encoding and decoding alone lose: no reconstruction is expected to be
 *     nearer to the picture
 * @param solver how far the reconstruction is from the picture that was encoded and decoded: what
 *     the two runs of the solver lose
 * @param total how far the reconstruction is from the picture
 * @param latents the same before decoding: the root of the mean squared difference of the latents,
 *     as a share of the encoded ones
 */
public record Reconstruction(
    GeneratedImage image,
    PictureError autoencoder,
    PictureError solver,
    PictureError total,
    double latents) {

  /**
   * @param autoencoded the picture encoded and decoded, float32 [1, 3, height, width], 0..1
   * @param generated the latents of the image
   */
  static Reconstruction of(
      Inversion inversion, GeneratedImage image, Tensor autoencoded, Tensor generated) {
    return new Reconstruction(
        image,
        PictureError.of(inversion.pixels(), autoencoded),
        PictureError.of(autoencoded, image.pixels()),
        PictureError.of(inversion.pixels(), image.pixels()),
        relativeError(inversion.encoded(), generated));
  }

  private static double relativeError(Tensor expected, Tensor actual) {
    float[] none = new float[Math.toIntExact(expected.elements())];
    return PictureError.of(expected, actual).rootMeanSquare()
        / PictureError.of(expected, Tensor.of(expected.shape(), none)).rootMeanSquare();
  }
}
