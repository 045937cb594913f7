package dev.palimpsest.image;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.io.ByteStreams;
import dev.palimpsest.errors.CheckpointException;
import java.awt.Dimension;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Locale;
import java.util.TreeSet;
import java.util.function.Function;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.FileImageInputStream;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/** Reads pictures that may be hostile: the header's size is checked before pixels are decoded. */
final class PictureReader {
  private PictureReader() {}

  /** What is done with a file whose header is read and not too large. */
  private interface Use<T> {
    T of(ImageReader reader, Orientation orientation) throws IOException;
  }

  /**
   * @param pixels the pixels to take of a decoded picture
   */
  static BufferedImage read(Path file, long maxPixels, Function<BufferedImage, int[]> pixels)
      throws IOException {
    return open(file, maxPixels, (reader, orientation) -> decode(reader, orientation, pixels));
  }

  /** Width and height when turned upright; no pixel is decoded. */
  static Dimension size(Path file, long maxPixels) throws IOException {
    return open(
        file,
        maxPixels,
        (reader, orientation) -> orientation.turned(reader.getWidth(0), reader.getHeight(0)));
  }

  private static <T> T open(Path file, long maxPixels, Use<T> use) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString());
    }
    if (!Files.isRegularFile(file)) {
      throw new CheckpointException(file + " is not a file that holds a picture");
    }
    try (var in = new FileImageInputStream(file.toFile())) {
      return open(in, file.toString(), maxPixels, use);
    }
  }

  static BufferedImage read(InputStream stream, String name, long maxPixels) throws IOException {
    // What is read is kept in memory; no format needs more than this for its pixels.
    InputStream bounded = ByteStreams.limit(stream, 16 * Math.max(maxPixels, 0) + (1 << 20));
    try (var in = new MemoryCacheImageInputStream(bounded)) {
      return open(
          in, name, maxPixels, (reader, orientation) -> decode(reader, orientation, Rgb::pixels));
    }
  }

  private static BufferedImage decode(
      ImageReader reader, Orientation orientation, Function<BufferedImage, int[]> pixels)
      throws IOException {
    BufferedImage image = reader.read(0);
    return orientation.apply(Rgb.picture(image.getWidth(), image.getHeight(), pixels.apply(image)));
  }

  private static <T> T open(ImageInputStream in, String name, long maxPixels, Use<T> use)
      throws IOException {
    checkArgument(maxPixels > 0, "cannot read at most %s pixels", maxPixels);
    Orientation orientation = Orientation.of(in);
    Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
    if (!readers.hasNext()) {
      throw new CheckpointException(
          name + " is no picture in a known format; known are " + knownFormats());
    }
    ImageReader reader = readers.next();
    try {
      reader.setInput(in, true, true);
      long width = reader.getWidth(0);
      long height = reader.getHeight(0);
      if (width * height > maxPixels) {
        throw new CheckpointException(
            "%s claims %dx%d pixels; at most %d are read"
                .formatted(name, width, height, maxPixels));
      }
      return use.of(reader, orientation);
    } catch (CheckpointException e) {
      throw e;
    } catch (IOException | RuntimeException e) { // damaged files raise either
      throw new CheckpointException(
          name + " cannot be decoded as " + reader.getFormatName() + ": " + e.getMessage(), e);
    } finally {
      reader.dispose();
    }
  }

  private static String knownFormats() {
    var names = new TreeSet<String>();
    for (String name : ImageIO.getReaderFormatNames()) {
      names.add(name.toLowerCase(Locale.ROOT));
    }
    return String.join(", ", names);
  }
}
