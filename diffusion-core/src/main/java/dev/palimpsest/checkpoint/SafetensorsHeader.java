package dev.palimpsest.checkpoint;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.google.common.collect.ImmutableMap;
import com.google.common.io.ByteStreams;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.CodingErrorAction;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The checked header of a safetensors file: its entries tile the data section without gap or
 * overlap.
 *
 * @param entries in the order of their data
 * @param dataStart the data section's position in the file
 */
record SafetensorsHeader(List<Entry> entries, Map<String, String> metadata, long dataStart) {
  static final String METADATA = "__metadata__";

  /** The format's type names, in the order in which a writer lays out the data. */
  static final ImmutableMap<DType, String> CODES =
      ImmutableMap.<DType, String>builder()
          .put(DType.INT64, "I64")
          .put(DType.FLOAT64, "F64")
          .put(DType.FLOAT32, "F32")
          .put(DType.INT32, "I32")
          .put(DType.BFLOAT16, "BF16")
          .put(DType.FLOAT16, "F16")
          .put(DType.INT16, "I16")
          .put(DType.INT8, "I8")
          .put(DType.UINT8, "U8")
          .put(DType.BOOL, "BOOL")
          .buildOrThrow();

  private static final long MAX_HEADER_BYTES = 100_000_000;
  private static final int MAX_TENSORS = 100_000;
  private static final int MAX_RANK = 64;

  /** A tensor's type, shape and place; offsets count from the start of the data section. */
  record Entry(String name, DType dtype, Shape shape, long begin, long end) {}

  /**
   * @throws CheckpointException if the header does not describe {@code channel}'s bytes exactly
   */
  static SafetensorsHeader read(Path path, FileChannel channel) throws IOException {
    long size = channel.size();
    long length = headerLength(path, channel, size);
    var decoder = UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT);
    var reader =
        new InputStreamReader(ByteStreams.limit(Channels.newInputStream(channel), length), decoder);
    try (JsonParser parser = Json.STRICT.createParser(reader)) {
      var header = new Reader(path, parser).header(8 + length);
      checkTiling(path, header.entries, size - 8 - length);
      return header;
    } catch (CheckpointException e) {
      throw e;
    } catch (IOException e) {
      throw new CheckpointException(path + ": malformed header: " + Json.reason(e), e);
    }
  }

  private static long headerLength(Path path, FileChannel channel, long size) throws IOException {
    var prefix = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    while (prefix.hasRemaining() && channel.read(prefix) >= 0) {}
    if (prefix.hasRemaining()) {
      throw new CheckpointException(
          path + ": " + size + " bytes are too few for a safetensors file (at least 10)");
    }
    long length = prefix.getLong(0);
    if (length < 2 || length > MAX_HEADER_BYTES) {
      throw new CheckpointException(
          path
              + ": header length "
              + Long.toUnsignedString(length)
              + " is not within 2.."
              + MAX_HEADER_BYTES
              + "; this is not a safetensors file");
    }
    if (length > size - 8) {
      throw new CheckpointException(
          path + ": header length " + length + " exceeds the file's " + size + " bytes");
    }
    return length;
  }

  private static void checkTiling(Path path, List<Entry> entries, long dataBytes)
      throws CheckpointException {
    long at = 0;
    for (Entry entry : entries) {
      if (entry.begin != at) {
        throw new CheckpointException(
            String.format(
                "%s: tensor %s begins at %d where %d was expected (%s)",
                path, entry.name, entry.begin, at, entry.begin < at ? "overlap" : "gap"));
      }
      at = entry.end;
    }
    if (at != dataBytes) {
      throw new CheckpointException(
          String.format(
              "%s: the tensors take %d bytes but the file holds %d bytes of data (%s)",
              path, at, dataBytes, at > dataBytes ? "truncated" : "left-over bytes"));
    }
  }

  /** Reads the JSON as a stream, so that memory is bounded by what is kept. */
  private static final class Reader {
    private final Path path;
    private final JsonParser parser;

    Reader(Path path, JsonParser parser) {
      this.path = path;
      this.parser = parser;
    }

    SafetensorsHeader header(long dataStart) throws IOException {
      expect(parser.nextToken(), JsonToken.START_OBJECT, "the header");
      List<Entry> entries = new ArrayList<>();
      Map<String, String> metadata = Map.of();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        if (name.equals(METADATA)) {
          metadata = metadata();
        } else {
          entries.add(entry(name));
        }
        if (entries.size() > MAX_TENSORS) {
          throw new CheckpointException(path + ": more than " + MAX_TENSORS + " tensors");
        }
      }
      if (parser.nextToken() != null) {
        throw new CheckpointException(path + ": text after the header's JSON object");
      }
      entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
      return new SafetensorsHeader(List.copyOf(entries), metadata, dataStart);
    }

    private Map<String, String> metadata() throws IOException {
      expect(parser.nextToken(), JsonToken.START_OBJECT, METADATA);
      Map<String, String> metadata = new TreeMap<>();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String key = parser.currentName();
        expect(parser.nextToken(), JsonToken.VALUE_STRING, METADATA + " " + key);
        metadata.put(key, parser.getText());
      }
      return java.util.Collections.unmodifiableMap(metadata);
    }

    private Entry entry(String name) throws IOException {
      expect(parser.nextToken(), JsonToken.START_OBJECT, "tensor " + name);
      DType dtype = null;
      long[] dims = null;
      long[] offsets = null;
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String field = parser.currentName();
        switch (field) {
          case "dtype" -> dtype = dtype(name);
          case "shape" -> dims = longs(name, field);
          case "data_offsets" -> offsets = longs(name, field);
          default ->
              throw new CheckpointException(
                  path + ": tensor " + name + " has an unknown field " + field);
        }
      }
      return entry(name, dtype, dims, offsets);
    }

    private Entry entry(
        String name, @Nullable DType dtype, long @Nullable [] dims, long @Nullable [] offsets)
        throws CheckpointException {
      if (dtype == null || dims == null || offsets == null || offsets.length != 2) {
        throw new CheckpointException(
            path + ": tensor " + name + " needs dtype, shape and two data_offsets");
      }
      Shape shape = shape(name, dims);
      long high = Math.multiplyHigh(shape.elements(), dtype.bytes());
      long bytes = shape.elements() * dtype.bytes();
      if (high != 0 || bytes < 0 || offsets[1] < offsets[0] || offsets[1] - offsets[0] != bytes) {
        throw new CheckpointException(
            String.format(
                "%s: tensor %s is %s%s but its data_offsets are %d..%d",
                path, name, CODES.get(dtype), shape, offsets[0], offsets[1]));
      }
      return new Entry(name, dtype, shape, offsets[0], offsets[1]);
    }

    private Shape shape(String name, long[] dims) throws CheckpointException {
      try {
        return Shape.of(dims);
      } catch (IllegalArgumentException e) {
        throw new CheckpointException(path + ": tensor " + name + ": " + e.getMessage(), e);
      }
    }

    private DType dtype(String name) throws IOException {
      expect(parser.nextToken(), JsonToken.VALUE_STRING, "dtype of tensor " + name);
      String code = parser.getText();
      for (Map.Entry<DType, String> known : CODES.entrySet()) {
        if (known.getValue().equals(code)) {
          return known.getKey();
        }
      }
      throw new CheckpointException(
          String.format(
              "%s: tensor %s has dtype %s, which is not supported; supported are %s",
              path, name, code, CODES.values()));
    }

    private long[] longs(String name, String field) throws IOException {
      expect(parser.nextToken(), JsonToken.START_ARRAY, field + " of tensor " + name);
      long[] values = new long[MAX_RANK];
      int count = 0;
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        expect(parser.currentToken(), JsonToken.VALUE_NUMBER_INT, field + " of tensor " + name);
        if (count == MAX_RANK || parser.getLongValue() < 0) {
          throw new CheckpointException(
              String.format(
                  "%s: %s of tensor %s must be at most %d numbers >= 0",
                  path, field, name, MAX_RANK));
        }
        values[count++] = parser.getLongValue();
      }
      return java.util.Arrays.copyOf(values, count);
    }

    private void expect(@Nullable JsonToken found, JsonToken expected, String what)
        throws CheckpointException {
      if (found != expected) {
        throw new CheckpointException(
            path + ": " + what + " must be a JSON " + expected + ", found " + found);
      }
    }
  }
}
