package dev.palimpsest.image;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.io.ByteStreams;
import dev.palimpsest.errors.CheckpointException;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Locale;
import java.util.TreeSet;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.FileImageInputStream;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/** Reads pictures that may be hostile: the header's size is checked before pixels are decoded. */
final class PictureReader {
  private PictureReader() {}

  static BufferedImage read(Path file, long maxPixels) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString());
    }
    if (!Files.isRegularFile(file)) {
      throw new CheckpointException(file + " is not a file that holds a picture");
    }
    try (var in = new FileImageInputStream(file.toFile())) {
      return decode(in, file.toString(), maxPixels);
    }
  }

  static BufferedImage read(InputStream stream, String name, long maxPixels) throws IOException {
    // What is read is kept in memory; no format needs more than this for its pixels.
    InputStream bounded = ByteStreams.limit(stream, 16 * Math.max(maxPixels, 0) + (1 << 20));
    try (var in = new MemoryCacheImageInputStream(bounded)) {
      return decode(in, name, maxPixels);
    }
  }

  private static BufferedImage decode(ImageInputStream in, String name, long maxPixels)
      throws IOException {
    checkArgument(maxPixels > 0, "cannot read at most %s pixels", maxPixels);
    Orientation orientation = Orientation.ofJpeg(in);
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
      BufferedImage image = reader.read(0);
      int[] pixels = Rgb.pixels(image);
      return orientation.apply(Rgb.picture(image.getWidth(), image.getHeight(), pixels));
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
