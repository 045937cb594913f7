package dev.palimpsest.checkpoint;

import static com.google.common.base.Preconditions.checkArgument;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.palimpsest.checkpoint.SafetensorsHeader.Entry;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.file.AtomicFile;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A safetensors file, memory-mapped: its tensors are views of the page cache, not copies.
 *
 * <p>Immutable and thread-safe. The mapping is released when the object and its tensors are
 * unreachable; truncating the file meanwhile makes reads of the lost part fail, replacing it by a
 * rename does not. Source: the format's description at https://huggingface.co/docs/safetensors.
 */
public final class Safetensors {
  /** A mapping's length is an int; windows leave room for tensors that are larger than a window. */
  static final long WINDOW_BYTES = 1L << 30;

  private final Path path;
  private final Map<String, String> metadata;
  private final Map<String, Mapped> tensors;

  private record Mapped(Entry entry, ByteBuffer window, int offset) {}

  private Safetensors(Path path, Map<String, String> metadata, Map<String, Mapped> tensors) {
    this.path = path;
    this.metadata = metadata;
    this.tensors = tensors;
  }

  /**
   * Maps the file after checking its header: types, shapes, offsets without gap or overlap.
   *
   * @throws CheckpointException if the file cannot be read, is malformed, or holds a type this
   *     library lacks or a tensor of 2 GiB or more
   */
  public static Safetensors read(Path path) throws CheckpointException {
    return read(path, WINDOW_BYTES);
  }

  static Safetensors read(Path path, long windowBytes) throws CheckpointException {
    try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
      SafetensorsHeader header = SafetensorsHeader.read(path, channel);
      return new Safetensors(path, header.metadata(), map(path, channel, header, windowBytes));
    } catch (CheckpointException e) {
      throw e;
    } catch (NoSuchFileException e) {
      throw new CheckpointException(path + ": no such file", e);
    } catch (IOException e) {
      throw new CheckpointException(path + ": cannot be read: " + e, e);
    }
  }

  private static Map<String, Mapped> map(
      Path path, FileChannel channel, SafetensorsHeader header, long windowBytes)
      throws IOException {
    Map<String, Mapped> tensors = new TreeMap<>();
    List<Entry> entries = header.entries();
    for (int i = 0; i < entries.size(); ) {
      long start = entries.get(i).begin();
      int last = i;
      while (last + 1 < entries.size() && entries.get(last + 1).end() - start <= windowBytes) {
        last++;
      }
      long length = entries.get(last).end() - start;
      if (length > Integer.MAX_VALUE) {
        throw new CheckpointException(
            String.format(
                "%s: tensor %s takes %d bytes; a tensor must be smaller than 2 GiB",
                path, entries.get(i).name(), length));
      }
      ByteBuffer window = channel.map(MapMode.READ_ONLY, header.dataStart() + start, length);
      for (; i <= last; i++) {
        Entry entry = entries.get(i);
        tensors.put(entry.name(), new Mapped(entry, window, (int) (entry.begin() - start)));
      }
    }
    return tensors;
  }

  public Path path() {
    return path;
  }

  /** The tensors' names, sorted. */
  public Set<String> names() {
    return Collections.unmodifiableSet(tensors.keySet());
  }

  /** The header's free text entries. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /**
   * A view of the named tensor's mapped bytes. They start at any address: who reads a multi-byte
   * type in place checks the alignment first.
   *
   * @throws IllegalArgumentException if there is no such tensor
   */
  public Tensor tensor(String name) {
    Mapped mapped = mapped(name);
    Entry entry = mapped.entry;
    ByteBuffer bytes = mapped.window.slice(mapped.offset, (int) (entry.end() - entry.begin()));
    return Tensor.wrap(entry.dtype(), entry.shape(), bytes);
  }

  public DType dtype(String name) {
    return mapped(name).entry.dtype();
  }

  public Shape shape(String name) {
    return mapped(name).entry.shape();
  }

  private Mapped mapped(String name) {
    Mapped mapped = tensors.get(name);
    checkArgument(mapped != null, "no tensor %s in %s", name, path);
    return requireNonNull(mapped);
  }

  /**
   * Writes a file in the layout of the reference library, so that equal input gives equal bytes;
   * the file appears whole or not at all.
   *
   * @throws IllegalArgumentException if a tensor bears the name of the metadata entry
   * @throws CheckpointException if the file cannot be written
   */
  public static void write(Path path, Map<String, Tensor> tensors, Map<String, String> metadata)
      throws CheckpointException {
    checkArgument(
        !tensors.containsKey(SafetensorsHeader.METADATA),
        "a tensor cannot be named %s",
        SafetensorsHeader.METADATA);
    try (AtomicFile file = AtomicFile.create(path)) {
      write(file::append, tensors, metadata);
      file.commit();
    } catch (IOException e) {
      throw new CheckpointException(path + ": cannot be written: " + e, e);
    }
  }

  /** Takes all bytes of a file, one part behind the other. */
  interface Output {
    void append(ByteBuffer bytes) throws IOException;
  }

  static void write(Output file, Map<String, Tensor> tensors, Map<String, String> metadata)
      throws IOException {
    List<Map.Entry<String, Tensor>> order =
        tensors.entrySet().stream()
            .sorted(
                Comparator.comparingInt((Map.Entry<String, Tensor> e) -> rank(e.getValue().dtype()))
                    .thenComparing(Map.Entry.comparingByKey()))
            .toList();
    byte[] header = header(order, new TreeMap<>(metadata));
    var length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    file.append(length.putLong(0, header.length));
    file.append(ByteBuffer.wrap(header));
    for (Map.Entry<String, Tensor> entry : order) {
      file.append(entry.getValue().bytes());
    }
  }

  private static int rank(DType dtype) {
    return SafetensorsHeader.CODES.keySet().asList().indexOf(dtype);
  }

  private static byte[] header(List<Map.Entry<String, Tensor>> order, Map<String, String> metadata)
      throws IOException {
    var out = new ByteArrayOutputStream();
    try (JsonGenerator json = Json.STRICT.createGenerator(out)) {
      json.writeStartObject();
      if (!metadata.isEmpty()) {
        json.writeObjectFieldStart(SafetensorsHeader.METADATA);
        for (Map.Entry<String, String> entry : metadata.entrySet()) {
          json.writeStringField(entry.getKey(), entry.getValue());
        }
        json.writeEndObject();
      }
      long at = 0;
      for (Map.Entry<String, Tensor> entry : order) {
        at = writeEntry(json, entry.getKey(), entry.getValue(), at);
      }
      json.writeEndObject();
    }
    while (out.size() % 8 != 0) {
      out.write(" ".getBytes(UTF_8));
    }
    return out.toByteArray();
  }

  private static long writeEntry(JsonGenerator json, String name, Tensor tensor, long at)
      throws IOException {
    long[] dims = tensor.shape().toArray();
    long end = at + tensor.byteSize();
    json.writeObjectFieldStart(name);
    json.writeStringField("dtype", SafetensorsHeader.CODES.get(tensor.dtype()));
    json.writeFieldName("shape");
    json.writeArray(dims, 0, dims.length);
    json.writeFieldName("data_offsets");
    json.writeArray(new long[] {at, end}, 0, 2);
    json.writeEndObject();
    return end;
  }
}
