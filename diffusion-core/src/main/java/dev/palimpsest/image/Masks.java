package dev.palimpsest.image;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;

/** Inpainting masks: float32 [pictures, 1, height, width] of 0 (keep) and 1 (paint anew). */
public final class Masks {
  private Masks() {}

  /**
   * A mask from a picture, white where to paint anew: resized by Lanczos, then made gray, then cut
   * at one half. As diffusers' {@code VaeImageProcessor} with {@code do_binarize} and {@code
   * do_convert_grayscale}.
   *
   * @return float32 [1, 1, height, width]
   */
  public static Tensor toTensor(BufferedImage mask, int width, int height) {
    int[] pixels = Rgb.pixels(Resampling.LANCZOS.resize(mask, width, height));
    float[] out = new float[pixels.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = Rgb.luma(pixels[i]) >= 128 ? 1 : 0;
    }
    return Tensor.of(Shape.of(1, 1, height, width), out);
  }

  /**
   * A mask, or any tensor of planes, at the size of the latents: the nearest element, as torch's
   * {@code F.interpolate} with its default mode.
   *
   * @param mask float [pictures, channels, height, width]
   */
  public static Tensor toLatents(Tensor mask, int width, int height) {
    Shape shape = mask.shape();
    checkArgument(
        shape.rank() == 4 && shape.elements() > 0,
        "a mask has shape [pictures, 1, height, width], not %s",
        shape);
    checkArgument(width > 0 && height > 0, "no mask has size %sx%s", width, height);
    int[] rows = sources((int) shape.dim(2), height);
    int[] columns = sources((int) shape.dim(3), width);
    int planes = Math.toIntExact(shape.dim(0) * shape.dim(1));
    float[] in = mask.floats();
    float[] out = new float[Math.multiplyExact(planes, Math.multiplyExact(width, height))];
    for (int i = 0; i < out.length; i++) {
      int row = i / width;
      long source = (row / height * shape.dim(2) + rows[row % height]) * shape.dim(3);
      out[i] = in[(int) source + columns[i % width]];
    }
    return Tensor.of(Shape.of(shape.dim(0), shape.dim(1), height, width), out);
  }

  /** The source of each position, in float32 as torch computes it. */
  private static int[] sources(int from, int to) {
    float scale = (float) from / to;
    int[] sources = new int[to];
    for (int i = 0; i < to; i++) {
      sources[i] = Math.min((int) (i * scale), from - 1);
    }
    return sources;
  }
}
