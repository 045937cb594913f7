package dev.palimpsest.checkpoint;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import com.google.common.base.Suppliers;
import dev.palimpsest.file.AtomicFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.zip.GZIPInputStream;

/**
 * The byte-pair vocabulary that CLIP was trained with (Radford et al. 2021), for checkpoints that
 * bring no tokenizer. Source: {@code bpe_simple_vocab_16e6.txt.gz} of openai/CLIP (MIT), of which
 * the published {@code merges.txt} and {@code vocab.json} of Stable Diffusion 1, 2 and XL are made.
 */
public final class ClipVocabulary {
  /** How many pieces there are. */
  public static final int SIZE = 49_408;

  private static final String MERGES_FILE = "clip-merges.txt.gz";
  private static final Supplier<List<String>> MERGES = Suppliers.memoize(ClipVocabulary::read);

  private ClipVocabulary() {}

  /** The pairs of pieces that become one, with a blank between them, in order of their rank. */
  public static List<String> merges() {
    return MERGES.get();
  }

  /**
   * The pieces in order of their ids: a character for each byte, printable ones first; the same at
   * a word's end; what each merge makes; the begin and end tokens.
   */
  public static List<String> pieces() {
    List<String> bytes = new ArrayList<>();
    List<String> others = new ArrayList<>();
    for (int value = 0; value < 256; value++) {
      boolean printable = (value > 0x20 && value < 0x7F) || (value > 0xA0 && value != 0xAD);
      if (printable) {
        bytes.add(String.valueOf((char) value));
      } else {
        others.add(String.valueOf((char) (0x100 + others.size())));
      }
    }
    bytes.addAll(others);
    List<String> pieces = new ArrayList<>(bytes);
    bytes.forEach(piece -> pieces.add(piece + "</w>"));
    merges().forEach(merge -> pieces.add(merge.replace(" ", "")));
    pieces.add("<|startoftext|>");
    pieces.add("<|endoftext|>");
    return pieces;
  }

  private static List<String> read() {
    try (var in = requireNonNull(ClipVocabulary.class.getResourceAsStream(MERGES_FILE));
        var lines = new BufferedReader(new InputStreamReader(new GZIPInputStream(in), UTF_8))) {
      return lines.lines().toList();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + MERGES_FILE + " of this library", e);
    }
  }

  /**
   * The fields of {@code tokenizer_config.json} as published with Stable Diffusion.
   *
   * @param padToken what fills prompts up
   */
  static Config config(String padToken) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("tokenizer_class", "CLIPTokenizer");
    fields.put("model_max_length", 77);
    fields.put("bos_token", special("<|startoftext|>"));
    fields.put("eos_token", special("<|endoftext|>"));
    fields.put("unk_token", special("<|endoftext|>"));
    fields.put("pad_token", padToken);
    return Config.of(fields);
  }

  private static Map<String, Object> special(String token) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("__type", "AddedToken");
    fields.put("content", token);
    fields.put("normalized", true);
    for (String no : List.of("lstrip", "rstrip", "single_word")) {
      fields.put(no, false);
    }
    return fields;
  }

  /** Writes vocab.json and merges.txt. */
  static void write(Path folder) throws IOException {
    Map<String, Object> ids = new LinkedHashMap<>();
    pieces().forEach(piece -> ids.put(piece, ids.size()));
    Files.createDirectories(folder);
    AtomicFile.write(folder.resolve("vocab.json"), Json.write(ids));
    String merges = "#version: 0.2\n" + String.join("\n", merges()) + "\n";
    AtomicFile.write(folder.resolve("merges.txt"), merges.getBytes(UTF_8));
  }
}
