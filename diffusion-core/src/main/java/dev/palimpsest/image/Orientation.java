package dev.palimpsest.image;

import java.awt.Dimension;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import javax.imageio.stream.ImageInputStream;

/** How a picture is to be turned for display: the Exif tag 0x0112, by its numbers 1 to 8. */
enum Orientation {
  UPRIGHT(false, false, false),
  MIRRORED(false, true, false),
  HALF_TURN(false, true, true),
  FLIPPED(false, false, true),
  TRANSPOSED(true, false, false),
  QUARTER_TURN(true, false, true),
  TRANSVERSE(true, true, true),
  THREE_QUARTER_TURN(true, true, false);

  private static final int TAG = 0x0112;

  private final boolean transpose;
  private final boolean reverseColumns;
  private final boolean reverseRows;

  /** The source column and row of a pixel: transposed first, then counted from the other end. */
  Orientation(boolean transpose, boolean reverseColumns, boolean reverseRows) {
    this.transpose = transpose;
    this.reverseColumns = reverseColumns;
    this.reverseRows = reverseRows;
  }

  /**
   * That of a JPEG, PNG or WebP at the beginning of a stream; upright for other formats and where
   * nothing valid is said.
   */
  static Orientation of(ImageInputStream in) throws IOException {
    return ExifBlock.find(in).map(Orientation::ofTiff).orElse(UPRIGHT);
  }

  /** The size of a stored picture when it is turned upright. */
  Dimension turned(int width, int height) {
    return transpose ? new Dimension(height, width) : new Dimension(width, height);
  }

  BufferedImage apply(BufferedImage image) {
    if (this == UPRIGHT) {
      return image;
    }
    int width = image.getWidth();
    int height = image.getHeight();
    int[] from = Rgb.pixels(image);
    int[] to = new int[from.length];
    int outWidth = transpose ? height : width;
    for (int i = 0; i < to.length; i++) {
      int column = transpose ? i / outWidth : i % outWidth;
      int row = transpose ? i % outWidth : i / outWidth;
      int x = reverseColumns ? width - 1 - column : column;
      int y = reverseRows ? height - 1 - row : row;
      to[i] = from[y * width + x];
    }
    return Rgb.picture(outWidth, transpose ? width : height, to);
  }

  /** From the first directory of a TIFF header: entries of tag, type, count, value. */
  private static Orientation ofTiff(ByteBuffer tiff) {
    if (tiff.remaining() < 8) {
      return UPRIGHT;
    }
    tiff.order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    int directory = tiff.getInt(4);
    if (directory < 8 || directory > tiff.limit() - 2) {
      return UPRIGHT;
    }
    int entries = Short.toUnsignedInt(tiff.getShort(directory));
    for (int i = 0, at = directory + 2; i < entries && at <= tiff.limit() - 12; i++, at += 12) {
      if (tiff.getShort(at) == TAG) {
        int number = tiff.getShort(at + 8);
        return number >= 1 && number <= 8 ? values()[number - 1] : UPRIGHT;
      }
    }
    return UPRIGHT;
  }
}
