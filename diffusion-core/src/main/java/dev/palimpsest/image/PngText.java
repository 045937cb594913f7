package dev.palimpsest.image;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.io.ByteStreams;
import dev.palimpsest.errors.CheckpointException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.InflaterInputStream;

/** The three text chunks of a PNG: tEXt (Latin-1), zTXt (the same, compressed), iTXt (UTF-8). */
final class PngText {
  /** Text that is longer, also once it is inflated, is refused. */
  static final int MAX_BYTES = 16 << 20;

  private static final Charset LATIN = StandardCharsets.ISO_8859_1;
  private static final Charset UTF = StandardCharsets.UTF_8;

  private PngText() {}

  static boolean isText(String kind) {
    return kind.equals("tEXt") || kind.equals("zTXt") || kind.equals("iTXt");
  }

  /** Refuses what no text chunk can hold. */
  static void check(String keyword, String text) {
    checkArgument(
        keyword.length() >= 1
            && keyword.length() <= 79
            && keyword.equals(keyword.strip())
            && !keyword.contains("  ")
            && keyword.chars().allMatch(c -> (c >= 32 && c <= 126) || (c >= 161 && c <= 255)),
        "a PNG keyword is 1 to 79 printable Latin-1 characters without spaces at its ends, not '%s'",
        keyword);
    checkArgument(text.indexOf('\0') < 0, "the PNG text '%s' holds a zero byte", keyword);
    checkArgument(
        UTF.newEncoder().canEncode(text), "the PNG text '%s' holds half a character", keyword);
    checkArgument(
        text.length() <= MAX_BYTES / 3,
        "the PNG text '%s' has %s characters, more than %s",
        keyword,
        text.length(),
        MAX_BYTES / 3);
  }

  /** XMP is an iTXt by its specification; other text is the shorter tEXt where Latin-1 holds it. */
  static String kind(String keyword, String text) {
    boolean latin = LATIN.newEncoder().canEncode(text) && !keyword.startsWith("XML:");
    return latin ? "tEXt" : "iTXt";
  }

  static byte[] encode(String keyword, String text) {
    var out = new ByteArrayOutputStream();
    out.writeBytes(keyword.getBytes(LATIN));
    out.write(0);
    if (kind(keyword, text).equals("tEXt")) {
      out.writeBytes(text.getBytes(LATIN));
    } else {
      out.writeBytes(new byte[4]); // not compressed, method 0, no language, no translated keyword
      out.writeBytes(text.getBytes(UTF));
    }
    return out.toByteArray();
  }

  static Map.Entry<String, String> decode(String kind, byte[] chunk) throws IOException {
    ByteBuffer data = ByteBuffer.wrap(chunk);
    String keyword = decode(upToZero(data), LATIN);
    boolean international = kind.equals("iTXt");
    boolean compressed = kind.equals("zTXt");
    if (international) {
      compressed = next(data) == 1;
    }
    if (international || compressed) {
      byte method = next(data);
      if (compressed && method != 0) {
        throw new CheckpointException("the text '" + keyword + "' has compression " + method);
      }
    }
    if (international) {
      upToZero(data); // language
      upToZero(data); // translated keyword
    }
    ByteBuffer text = compressed ? inflate(data, keyword) : data;
    return Map.entry(keyword, decode(text, international ? UTF : LATIN));
  }

  private static byte next(ByteBuffer data) throws IOException {
    if (!data.hasRemaining()) {
      throw new CheckpointException("a text chunk ends before its text");
    }
    return data.get();
  }

  /** The bytes before the next zero, which is skipped. */
  private static ByteBuffer upToZero(ByteBuffer data) throws IOException {
    int start = data.position();
    while (next(data) != 0) {}
    return data.duplicate().limit(data.position() - 1).position(start);
  }

  private static ByteBuffer inflate(ByteBuffer data, String keyword) throws IOException {
    var bytes = new ByteArrayInputStream(data.array(), data.position(), data.remaining());
    byte[] text = ByteStreams.limit(new InflaterInputStream(bytes), MAX_BYTES + 1L).readAllBytes();
    if (text.length > MAX_BYTES) {
      throw new CheckpointException(
          "the text '" + keyword + "' inflates to more than " + MAX_BYTES + " bytes");
    }
    return ByteBuffer.wrap(text);
  }

  private static String decode(ByteBuffer bytes, Charset charset) throws CheckpointException {
    try {
      return charset.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw new CheckpointException("a text chunk is not valid " + charset, e);
    }
  }
}
