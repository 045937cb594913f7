package dev.palimpsest;

import dev.palimpsest.errors.InferenceException;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Planes of float32 in a temporary file, read and written by rectangles: what is too large for
 * memory. The file's pages are the system's, not the process's. Closing deletes it. One thread.
 */
final class PlaneFile implements AutoCloseable {
  private final Path file;
  private final FileChannel channel;
  private final int planes;
  private final int height;
  private final int width;

  private PlaneFile(Path file, FileChannel channel, int planes, int height, int width) {
    this.file = file;
    this.channel = channel;
    this.planes = planes;
    this.height = height;
    this.width = width;
  }

  /**
   * An empty file.
   *
   * @throws InferenceException if there is no place for it in the temporary folder
   */
  static PlaneFile create(int planes, int height, int width) {
    long bytes = (long) planes * height * width * Float.BYTES;
    try {
      Path file = Files.createTempFile("palimpsest-planes", ".f32");
      long free = Files.getFileStore(file).getUsableSpace();
      if (free < bytes) {
        Files.delete(file);
        throw new InferenceException(
            String.format(
                "the temporary folder %s has %d MiB left, but %d MiB are needed",
                file.getParent(), free >> 20, bytes >> 20));
      }
      var channel =
          FileChannel.open(
              file,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              StandardOpenOption.DELETE_ON_CLOSE);
      return new PlaneFile(file, channel, planes, height, width);
    } catch (IOException e) {
      throw new InferenceException("no temporary file of " + bytes + " bytes can be made: " + e, e);
    }
  }

  int height() {
    return height;
  }

  int width() {
    return width;
  }

  Area whole() {
    return new Area(0, 0, height, width);
  }

  /** An area as float32 [1, planes, height, width]. */
  Tensor read(Area area, ReusedMemory memory) {
    Shape shape = Shape.of(1, planes, area.height(), area.width());
    ByteBuffer out = memory.of(shape);
    eachRun(
        area,
        (position, length) -> {
          out.limit(out.position() + length);
          for (long at = position; out.hasRemaining(); ) {
            int read = channel.read(out, at);
            if (read < 0) {
              throw new IOException("the file ends before byte " + at);
            }
            at += read;
          }
        });
    return Tensor.wrap(DType.FLOAT32, shape, out.flip());
  }

  /**
   * Writes a part of a tensor.
   *
   * @param tensor float32 [1, planes, height, width]
   * @param from the part of it
   * @param to where it goes; of the same size
   */
  void write(Tensor tensor, Area from, Area to) {
    FloatBuffer values =
        tensor.isDirect() ? tensor.bytes().asFloatBuffer() : FloatBuffer.wrap(tensor.floats());
    int fromHeight = (int) tensor.shape().dim(2);
    int fromWidth = (int) tensor.shape().dim(3);
    ByteBuffer row = Tensor.allocate(DType.FLOAT32, Shape.of(from.width()));
    int[] line = {0};
    eachRow(
        to,
        (position, length) -> {
          int plane = line[0] / from.height();
          int y = from.y() + line[0]++ % from.height();
          int start = (plane * fromHeight + y) * fromWidth + from.x();
          row.clear().asFloatBuffer().put(0, values, start, from.width());
          for (long at = position; row.hasRemaining(); ) {
            at += channel.write(row, at);
          }
        });
  }

  private interface Run {
    void at(long position, int bytes) throws IOException;
  }

  /** The area's bytes in the file, piece by piece: a plane's rows are one if they are whole. */
  private void eachRun(Area area, Run run) {
    if (area.width() < width) {
      eachRow(area, run);
    } else {
      inFile(
          () -> {
            for (int plane = 0; plane < planes; plane++) {
              run.at(position(plane, area.y(), 0), area.height() * width * Float.BYTES);
            }
          });
    }
  }

  private void eachRow(Area area, Run run) {
    inFile(
        () -> {
          for (int plane = 0; plane < planes; plane++) {
            for (int y = 0; y < area.height(); y++) {
              run.at(position(plane, area.y() + y, area.x()), area.width() * Float.BYTES);
            }
          }
        });
  }

  private long position(int plane, int y, int x) {
    return (((long) plane * height + y) * width + x) * Float.BYTES;
  }

  private interface FileWork {
    void run() throws IOException;
  }

  private void inFile(FileWork work) {
    try {
      work.run();
    } catch (IOException e) {
      throw new InferenceException("the temporary file " + file + " cannot be used: " + e, e);
    }
  }

  @Override
  public void close() {
    inFile(channel::close);
  }
}
