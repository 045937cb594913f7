package dev.palimpsest;

import dev.palimpsest.image.PictureError;

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
    double latents) {}
