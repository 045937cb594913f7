package dev.palimpsest.image;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.awt.Dimension;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Pictures to tensors and back, in the numbers of diffusers' {@code VaeImageProcessor}.
 *
 * <p>A picture is a {@link BufferedImage}; those made here are {@code TYPE_INT_RGB}. A picture
 * tensor is float32 [pictures, 3, height, width], channels red, green, blue, in [-1, 1] unless said
 * otherwise.
 */
public final class Pictures {
  /** The pixels that are read unless the caller allows more: 64 megapixels. */
  public static final long MAX_PIXELS = 64_000_000;

  private Pictures() {}

  /** {@link #read(Path, long)} of at most {@link #MAX_PIXELS}. */
  public static BufferedImage read(Path file) throws IOException {
    return read(file, MAX_PIXELS);
  }

  /**
   * The picture in a file, as diffusers' {@code load_image} gives it: turned as its Exif
   * orientation says (JPEG, PNG, WebP), then converted as Pillow's {@code convert("RGB")} does:
   * alpha is dropped, 16 bits become the high 8, except that 16-bit grayscale is clipped to 255.
   * Colour profiles are not applied. Formats are those of {@link javax.imageio.ImageIO}.
   *
   * @param maxPixels refuse a larger picture, by its header, before any pixel is decoded
   * @return a picture of {@code TYPE_INT_RGB}
   * @throws java.nio.file.NoSuchFileException if there is no such file
   * @throws CheckpointException if it is too large, damaged or of an unknown format
   */
  public static BufferedImage read(Path file, long maxPixels) throws IOException {
    return PictureReader.read(file, maxPixels, Rgb::pixels);
  }

  /**
   * {@link #read(Path, long)} with transparent parts laid over white instead of their alpha being
   * dropped: what lies under transparency is often not meant to be seen.
   */
  public static BufferedImage readOverWhite(Path file, long maxPixels) throws IOException {
    return PictureReader.read(file, maxPixels, Rgb::overWhite);
  }

  /**
   * Width and height of the picture that {@link #read(Path, long)} gives, by the file's header: no
   * pixel is decoded.
   *
   * @throws CheckpointException as {@link #read(Path, long)}
   */
  public static Dimension size(Path file, long maxPixels) throws IOException {
    return PictureReader.size(file, maxPixels);
  }

  /**
   * {@link #read(Path, long)} from a stream, which stays open.
   *
   * @param name stands for the stream in messages
   */
  public static BufferedImage read(InputStream in, String name, long maxPixels) throws IOException {
    return PictureReader.read(in, name, maxPixels);
  }

  /**
   * The picture with both sides brought down to a multiple of {@code multiple} by Lanczos resizing;
   * itself if they are.
   *
   * @throws IllegalArgumentException if a side is shorter than {@code multiple}
   */
  public static BufferedImage fit(BufferedImage image, int multiple) {
    checkArgument(multiple > 0, "sides cannot be multiples of %s", multiple);
    int width = image.getWidth() - image.getWidth() % multiple;
    int height = image.getHeight() - image.getHeight() % multiple;
    checkArgument(
        width > 0 && height > 0,
        "a picture of %sx%s has no multiple of %s in both sides",
        image.getWidth(),
        image.getHeight(),
        multiple);
    return Resampling.LANCZOS.resize(image, width, height);
  }

  /** One picture as float32 [1, 3, height, width] in [-1, 1]. */
  public static Tensor toTensor(BufferedImage image) {
    int[] pixels = Rgb.pixels(image);
    float[] out = new float[3 * pixels.length];
    for (int i = 0; i < pixels.length; i++) {
      for (int c = 0; c < 3; c++) {
        int sample = (pixels[i] >>> (16 - 8 * c)) & 0xff;
        out[c * pixels.length + i] = 2 * (sample / 255f) - 1;
      }
    }
    return Tensor.of(Shape.of(1, 3, image.getHeight(), image.getWidth()), out);
  }

  /** A tensor in [-1, 1] brought to [0, 1] as {@code x / 2 + 0.5}, clamped. NaN stays NaN. */
  public static Tensor toUnit(Tensor tensor) {
    float[] in = tensor.floats();
    float[] out = new float[in.length];
    for (int i = 0; i < in.length; i++) {
      out[i] = Math.max(0, Math.min(1, in[i] * 0.5f + 0.5f));
    }
    return Tensor.of(tensor.shape(), out);
  }

  /** The pictures of a tensor in [-1, 1]: {@link #fromUnit} of {@link #toUnit}. */
  public static List<BufferedImage> fromTensor(Tensor tensor) {
    return fromUnit(toUnit(tensor));
  }

  /**
   * The pictures of a tensor in [0, 1], rounded to 8 bits, halves to even, as numpy's {@code
   * round}.
   *
   * @param tensor float [pictures, 3 or 1, height, width]; one channel is gray
   * @throws IllegalArgumentException if a value lies outside or is NaN
   */
  public static List<BufferedImage> fromUnit(Tensor tensor) {
    Shape shape = tensor.shape();
    checkArgument(
        shape.rank() == 4
            && (shape.dim(1) == 3 || shape.dim(1) == 1)
            && shape.dim(2) > 0
            && shape.dim(3) > 0,
        "pictures have shape [pictures, 3 or 1, height, width], not %s",
        shape);
    float[] values = tensor.floats();
    int channels = (int) shape.dim(1);
    int height = (int) shape.dim(2);
    int width = (int) shape.dim(3);
    int plane = width * height;
    List<BufferedImage> pictures = new ArrayList<>();
    for (int n = 0; n < shape.dim(0); n++) {
      int[] pixels = new int[plane];
      for (int i = 0; i < plane; i++) {
        for (int c = 0; c < 3; c++) {
          int at = (n * channels + c % channels) * plane + i;
          pixels[i] = pixels[i] << 8 | eightBits(values[at], n);
        }
      }
      pictures.add(Rgb.picture(width, height, pixels));
    }
    return List.copyOf(pictures);
  }

  private static int eightBits(float value, int picture) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(
          "picture " + picture + " holds " + value + ", not a value in [0, 1]");
    }
    return (int) Math.rint(value * 255);
  }
}
