package dev.palimpsest.esd.report;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.hash.Hashing;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.file.AtomicFile;
import dev.palimpsest.file.SettingChange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Where a report's pictures lie: a file for each checkpoint, prompt and seed, so that reports of
 * other stacks, prompts and seeds in the same folder share those they have in common. Settings of
 * generation are one for the whole folder.
 */
final class PictureFolder {
  private static final int NAME = 16;

  private final Path folder;
  private final SortedMap<String, String> settings;

  private PictureFolder(Path folder, SortedMap<String, String> settings) {
    this.folder = folder;
    this.settings = settings;
  }

  /**
   * The folder, made if it is missing.
   *
   * @throws IllegalArgumentException if its pictures were made with other settings
   */
  static PictureFolder open(Path folder, SortedMap<String, String> settings) throws IOException {
    Files.createDirectories(folder);
    Path file = folder.resolve("settings.json");
    if (Files.exists(file)) {
      checkSame(file, settings);
    } else {
      String json = Config.of(Map.of("generation", settings)).json();
      AtomicFile.write(file, json.getBytes(StandardCharsets.UTF_8));
    }
    return new PictureFolder(folder, settings);
  }

  private static void checkSame(Path file, SortedMap<String, String> settings) throws IOException {
    Config stored = Config.read(file).object("generation");
    var then = new TreeMap<String, String>();
    for (String name : stored.asMap().keySet()) {
      stored.optionalString(name).ifPresent(value -> then.put(name, value));
    }
    List<SettingChange> changes = SettingChange.between(then, settings);
    checkArgument(
        changes.isEmpty(),
        "the pictures in %s were made with other settings: %s; take another folder",
        file.resolveSibling(""),
        SettingChange.text(changes));
  }

  /** What decides a picture beside checkpoint, prompt and seed. */
  static SortedMap<String, String> settings(GenerationRequest request, int batch) {
    checkArgument(
        request.image().isEmpty() && request.latents().isEmpty() && request.noise().isEmpty(),
        "a report draws from prompts and seeds: leave out image, latents and noise");
    var settings = new TreeMap<String, String>();
    settings.put("width", text(request.width()));
    settings.put("height", text(request.height()));
    settings.put("steps", text(request.steps()));
    settings.put("guidance_scale", text(request.guidanceScale()));
    settings.put("guidance_rescale", Double.toString(request.guidanceRescale()));
    settings.put("negative_prompt", request.negativePrompt().orElse(""));
    settings.put("prompt_syntax", request.promptSyntax().toString());
    settings.put("clip_skip", Integer.toString(request.clipSkip()));
    settings.put("scheduler", request.scheduler().map(Object::toString).orElse("the model's"));
    settings.put("timesteps", request.timesteps().map(Object::toString).orElse("the scheduler's"));
    settings.put("batch", Integer.toString(batch));
    return settings;
  }

  private static String text(java.util.OptionalInt value) {
    return value.isPresent() ? Integer.toString(value.getAsInt()) : "the model's";
  }

  private static String text(java.util.OptionalDouble value) {
    return value.isPresent() ? Double.toString(value.getAsDouble()) : "the model's";
  }

  SortedMap<String, String> settings() {
    return settings;
  }

  /** A checkpoint's own folder, made if it is missing. */
  Path of(String hash) throws IOException {
    return Files.createDirectories(folder.resolve("pictures").resolve(hash.substring(0, NAME)));
  }

  /** The file of a picture in a checkpoint's folder. */
  static Path file(Path own, String prompt, long seed) {
    String words = prompt.replaceAll("[^\\p{Alnum}]+", "-");
    String start = words.substring(0, Math.min(words.length(), 40));
    String hash = Hashing.sha256().hashString(prompt, StandardCharsets.UTF_8).toString();
    return own.resolve(start + "-" + hash.substring(0, NAME) + "-" + seed + ".png");
  }
}
