package dev.palimpsest.image;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferInt;
import java.awt.image.Raster;

/** Packed 0xRRGGBB pixels of any picture, converted as Pillow's {@code convert("RGB")} does. */
final class Rgb {
  private Rgb() {}

  /** The pixels row by row, a new array. */
  static int[] pixels(BufferedImage image) {
    int width = image.getWidth();
    int height = image.getHeight();
    int[] out = new int[Math.multiplyExact(width, height)];
    if (image.getType() == BufferedImage.TYPE_INT_RGB) {
      image.getRaster().getDataElements(0, 0, width, height, out);
    } else if (hasPlainSamples(image.getColorModel())) {
      copySamples(image, out);
    } else {
      image.getRGB(0, 0, width, height, out, 0, width);
      for (int i = 0; i < out.length; i++) {
        out[i] &= 0xffffff;
      }
    }
    return out;
  }

  /** A picture of {@code TYPE_INT_RGB} with these pixels, which are copied. */
  static BufferedImage picture(int width, int height, int[] pixels) {
    var image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    int[] data = ((DataBufferInt) image.getRaster().getDataBuffer()).getData();
    System.arraycopy(pixels, 0, data, 0, pixels.length);
    return image;
  }

  /** {@link #pixels} laid over white by the picture's alpha, in 8 bits as they are stored. */
  static int[] overWhite(BufferedImage image) {
    int[] out = pixels(image);
    if (image.getColorModel().hasAlpha()) {
      int width = image.getWidth();
      int[] alphas = image.getRGB(0, 0, width, image.getHeight(), null, 0, width);
      for (int i = 0; i < out.length; i++) {
        out[i] = overWhite(out[i], alphas[i] >>> 24);
      }
    }
    return out;
  }

  private static int overWhite(int pixel, int alpha) {
    int out = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
      int sample = (pixel >>> shift) & 0xff;
      out |= (sample * alpha + 255 * (255 - alpha) + 127) / 255 << shift;
    }
    return out;
  }

  /** Pillow's {@code convert("L")} of a pixel. */
  static int luma(int pixel) {
    int red = (pixel >>> 16) & 0xff;
    int green = (pixel >>> 8) & 0xff;
    int blue = pixel & 0xff;
    return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >>> 16;
  }

  /**
   * Whether the stored samples are the gray or red, green, blue values. For them {@code getRGB} is
   * avoided: it converts gray from a linear colour space and applies embedded profiles.
   */
  private static boolean hasPlainSamples(ColorModel model) {
    int space = model.getColorSpace().getType();
    int type = model.getTransferType();
    return model instanceof ComponentColorModel
        && !model.isAlphaPremultiplied()
        && (space == ColorSpace.TYPE_GRAY || space == ColorSpace.TYPE_RGB)
        && (type == DataBuffer.TYPE_BYTE || type == DataBuffer.TYPE_USHORT);
  }

  private static void copySamples(BufferedImage image, int[] out) {
    Raster raster = image.getRaster();
    int width = image.getWidth();
    int bands = raster.getNumBands();
    int green = bands < 3 ? 0 : 1;
    int blue = bands < 3 ? 0 : 2;
    boolean wide = raster.getTransferType() == DataBuffer.TYPE_USHORT;
    int[] row = new int[width * bands];
    for (int y = 0; y < image.getHeight(); y++) {
      raster.getPixels(0, y, width, 1, row);
      for (int i = 0; wide && i < row.length; i++) {
        row[i] = bands == 1 ? Math.min(row[i], 255) : row[i] >>> 8;
      }
      for (int x = 0; x < width; x++) {
        int at = x * bands;
        out[y * width + x] = row[at] << 16 | row[at + green] << 8 | row[at + blue];
      }
    }
  }
}
