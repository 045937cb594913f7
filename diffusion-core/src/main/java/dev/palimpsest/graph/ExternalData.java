package dev.palimpsest.graph;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.graph.onnx.StringStringEntryProto;
import dev.palimpsest.graph.onnx.TensorProto;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The files beside an ONNX file that hold its weights; none of them may lie elsewhere. */
final class ExternalData {
  private final Path model;

  ExternalData(Path model) {
    this.model = model;
  }

  /**
   * The bytes of a tensor, mapped.
   *
   * @throws CheckpointException if the place is outside the model's folder or the file
   */
  ByteBuffer bytes(TensorProto tensor, long expected) throws IOException {
    var entries = new TreeMap<String, String>();
    for (StringStringEntryProto entry : tensor.getExternalDataList()) {
      entries.put(entry.getKey(), entry.getValue());
    }
    Path file = resolve(entries.getOrDefault("location", ""));
    long offset = number(tensor, entries.getOrDefault("offset", "0"));
    long length = number(tensor, entries.getOrDefault("length", Long.toString(expected)));
    try (FileChannel channel = FileChannel.open(file)) {
      if (length != expected || offset > channel.size() - length) {
        throw new CheckpointException(
            String.format(
                "%s: tensor %s of %s bytes is said to lie at %s, %s bytes, of %s, which has %s",
                model, tensor.getName(), expected, offset, length, file, channel.size()));
      }
      if (length > Integer.MAX_VALUE) {
        throw new CheckpointException(
            model + ": tensor " + tensor.getName() + " of " + length + " bytes exceeds 2 GiB");
      }
      return channel.map(FileChannel.MapMode.READ_ONLY, offset, length);
    }
  }

  private long number(TensorProto tensor, String text) throws CheckpointException {
    try {
      long number = Long.parseLong(text);
      if (number >= 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new CheckpointException(
        model
            + ": the external data of tensor "
            + tensor.getName()
            + " has offset or length '"
            + text
            + "'");
  }

  /**
   * A file in the model's folder.
   *
   * @throws CheckpointException if it is elsewhere, also through a link, or missing
   */
  Path resolve(String location) throws IOException {
    Path folder = model.toAbsolutePath().normalize().getParent();
    if (folder == null) {
      throw new CheckpointException(model + " is not a file in a folder");
    }
    Path file;
    try {
      file = folder.resolve(location).normalize();
    } catch (InvalidPathException e) {
      throw outside(location, e);
    }
    if (!file.startsWith(folder) || file.equals(folder)) {
      throw outside(location, null);
    }
    if (!Files.isRegularFile(file)) {
      throw new CheckpointException(model + ": its weights' file " + location + " is missing");
    }
    if (!file.toRealPath().startsWith(folder.toRealPath())) {
      throw outside(location, null);
    }
    return file;
  }

  private CheckpointException outside(String location, @Nullable Throwable cause) {
    String message = model + ": its weights' file '" + location + "' is not inside its folder";
    return cause == null
        ? new CheckpointException(message)
        : new CheckpointException(message, cause);
  }
}
