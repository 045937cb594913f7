package dev.palimpsest;

/**
 * How an autoencoder is applied to a picture: as a whole, or in tiles, so that its memory does not
 * grow with the picture's. docs/large-pictures.md has figures.
 */
public enum VaeTiling {
  /** The whole picture at once. */
  NONE,
  /**
   * Overlapping tiles of the size that the autoencoder was trained on, each normalised on its own
   * and blended into the next, with the numbers of diffusers' {@code enable_tiling}. A picture that
   * fits into a tile is not cut. Colours may differ from tile to tile.
   */
  DIFFUSERS,
  /**
   * Tiles that are normalised with the means and variances of the whole picture: what {@link #NONE}
   * gives but for rounding, in float32, for about twice the computation. What passes from one layer
   * to the next lies in a temporary file. Needs the autoencoder's weights, not an ONNX export.
   */
  EXACT
}
