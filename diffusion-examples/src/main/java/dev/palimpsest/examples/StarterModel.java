package dev.palimpsest.examples;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.examples.emoji.Style;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The small text-to-image model that ships in this jar: 64×64 pixels, prompts such as {@code a flat
 * icon of a fire engine}. Its files are put into a temporary folder, which is deleted on close;
 * close it after the pipelines on it. {@code MODEL_CARD.md} and {@code DATA.md} beside this class
 * say how it was made.
 */
public final class StarterModel implements AutoCloseable {
  /** Solver steps that are enough for it. */
  public static final int STEPS = 25;

  /** The guidance scale that suits it. */
  public static final double GUIDANCE_SCALE = 4;

  /** Erasures train it at so many times the method's learning rate, as it is small. */
  static final double ERASURE_RATE_FACTOR = 4;

  private static final List<String> FILES =
      List.of(
          "starter/model_index.json",
          "starter/scheduler/scheduler_config.json",
          "starter/text_encoder/config.json",
          "starter/text_encoder/model.safetensors",
          "starter/tokenizer/merges.txt",
          "starter/tokenizer/special_tokens_map.json",
          "starter/tokenizer/tokenizer_config.json",
          "starter/tokenizer/vocab.json",
          "starter/unet/config.json",
          "starter/unet/diffusion_pytorch_model.safetensors",
          "starter/vae/config.json",
          "starter/vae/diffusion_pytorch_model.safetensors");

  private static final List<String> STYLES =
      Arrays.stream(Style.values()).map(Style::phrase).collect(Collectors.toUnmodifiableList());

  private static final Pattern NO_WORD = Pattern.compile("[^\\p{L}\\p{N}]+");

  private final TemporaryFolder folder;
  private final Checkpoint checkpoint;

  private StarterModel(TemporaryFolder folder, Checkpoint checkpoint) {
    this.folder = folder;
    this.checkpoint = checkpoint;
  }

  /**
   * Unpacks the model.
   *
   * @throws IOException if the temporary folder cannot be written
   */
  public static StarterModel open() throws IOException {
    TemporaryFolder folder = TemporaryFolder.create();
    try {
      folder.extract(StarterModel.class, FILES);
      return new StarterModel(folder, Checkpoint.read(folder.path().resolve("starter")));
    } catch (IOException | RuntimeException e) {
      folder.close();
      throw e;
    }
  }

  public Checkpoint checkpoint() {
    return checkpoint;
  }

  /** Where it lies, in a folder {@code starter}. */
  TemporaryFolder folder() {
    return folder;
  }

  /** The phrases that begin a prompt, such as {@code a flat icon of}. */
  public static List<String> styles() {
    return STYLES;
  }

  /** What it was shown, such as {@code fire engine}, 503 subjects in all. */
  public static List<String> subjects() {
    var stream = requireNonNull(StarterModel.class.getResourceAsStream("starter/subjects.txt"));
    try (var reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
      return reader.lines().filter(line -> !line.startsWith("#")).collect(Collectors.toList());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The words of a prompt that it was never shown, in their order, in lower case. */
  public static Set<String> unknownWords(String prompt) {
    var unknown = new LinkedHashSet<>(words(prompt));
    STYLES.forEach(style -> unknown.removeAll(words(style)));
    subjects().forEach(subject -> unknown.removeAll(words(subject)));
    unknown.remove("an");
    return unknown;
  }

  /** The words of a text, in small letters. */
  static List<String> words(String text) {
    return NO_WORD
        .splitAsStream(text.toLowerCase(Locale.ROOT))
        .filter(word -> !word.isEmpty())
        .collect(Collectors.toList());
  }

  @Override
  public void close() {
    folder.close();
  }
}
