package dev.palimpsest.examples.car.study;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.file.AtomicFile;
import dev.palimpsest.file.SettingChange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The folder of a study: {@code settings.json}, a folder for each stage with its {@code
 * result.json}, and {@code costs.json}, how long stages took and what memory they held. One thread.
 */
final class StudyFolder {
  private final Path folder;

  private StudyFolder(Path folder) {
    this.folder = folder;
  }

  /**
   * The folder, made if it is missing.
   *
   * @throws IllegalArgumentException if the study there was started with other settings; the
   *     message lists what differs
   */
  static StudyFolder open(Path folder, Map<String, Object> settings) throws IOException {
    Files.createDirectories(folder);
    Path file = folder.resolve("settings.json");
    if (Files.exists(file)) {
      checkSame(file, flat(settings));
    } else {
      write(file, settings);
    }
    return new StudyFolder(folder);
  }

  private static void checkSame(Path file, Map<String, String> now) throws IOException {
    List<SettingChange> changes = SettingChange.between(flat(Config.read(file).asMap()), now);
    checkArgument(
        changes.isEmpty(),
        "the study in %s was started with other settings: %s; take another folder",
        file.resolveSibling(""),
        SettingChange.text(changes));
  }

  /** Values by names such as {@code lora.steps}. */
  private static Map<String, String> flat(Map<?, ?> fields) {
    var flat = new TreeMap<String, String>();
    fields.forEach(
        (name, value) -> {
          if (value instanceof Map<?, ?> inner) {
            flat(inner).forEach((own, text) -> flat.put(name + "." + own, text));
          } else {
            flat.put("" + name, "" + value);
          }
        });
    return flat;
  }

  /** Where a stage keeps its files; made if it is missing. */
  Path of(String stage) throws IOException {
    return Files.createDirectories(folder.resolve(stage));
  }

  Path file(String name) {
    return folder.resolve(name);
  }

  /** What a stage found; empty if it has not ended. */
  Optional<Config> result(String stage) throws IOException {
    Path file = of(stage).resolve("result.json");
    return Files.exists(file) ? Optional.of(Config.read(file)) : Optional.empty();
  }

  void finish(String stage, Map<String, Object> result) throws IOException {
    write(of(stage).resolve("result.json"), result);
  }

  /** What a stage took so far, added up over the runs that it took. */
  void spend(String stage, double seconds, long bytes) throws IOException {
    Map<String, Object> costs = new LinkedHashMap<>(costs());
    Config before = Config.of(costs);
    Config own = before.has(stage) ? before.object(stage) : Config.of(Map.of());
    Map<String, Object> now = new LinkedHashMap<>();
    now.put("seconds", own.number("seconds", 0) + seconds);
    now.put("bytes", Math.max(own.number("bytes", 0), (double) bytes));
    costs.put(stage, now);
    write(folder.resolve("costs.json"), costs);
  }

  /** By stage: {@code seconds}, and {@code bytes} of memory of its own that the process held. */
  Map<String, Object> costs() throws IOException {
    Path file = folder.resolve("costs.json");
    return Files.exists(file) ? Config.read(file).asMap() : Map.of();
  }

  private static void write(Path file, Map<String, Object> fields) throws IOException {
    AtomicFile.write(file, Config.of(fields).json().getBytes(StandardCharsets.UTF_8));
  }
}
