package dev.palimpsest.esd;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.LibraryVersion;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.WeightLayer;
import dev.palimpsest.errors.CheckpointException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * How an erasure was made. Immutable.
 *
 * @param method for example {@code ESD_X} or {@code UCE}
 * @param concepts the erased concepts' prompts, at least one
 * @param preserved the prompts that were to stay; may be empty
 * @param baseHash {@link Checkpoint#hash} of the checkpoint without layers, in hexadecimal
 * @param layersBeneath descriptions of the layers that lay on it, lowest first
 * @param libraryVersion what made it, for example {@code palimpsest 0.1.0}
 * @param settings the method's further settings by name, such as {@code eta} and {@code seed}
 */
public record ErasureRecord(
    String method,
    List<String> concepts,
    List<String> preserved,
    String baseHash,
    List<String> layersBeneath,
    String libraryVersion,
    SortedMap<String, String> settings) {
  public ErasureRecord {
    checkArgument(!method.isBlank(), "an erasure's record needs the method");
    checkArgument(!concepts.isEmpty(), "an erasure's record needs at least one concept");
    concepts = List.copyOf(concepts);
    preserved = List.copyOf(preserved);
    layersBeneath = List.copyOf(layersBeneath);
    settings = Collections.unmodifiableSortedMap(new TreeMap<>(settings));
  }

  /** The record of an erasure that is made on {@code checkpoint}, so far without settings. */
  public static ErasureRecord of(Checkpoint checkpoint, String method, List<String> concepts) {
    return new ErasureRecord(
        method,
        concepts,
        List.of(),
        checkpoint.base().hash(),
        checkpoint.layers().stream().map(WeightLayer::description).toList(),
        LibraryVersion.text(),
        new TreeMap<>());
  }

  /** This record with the prompts that were to stay. */
  public ErasureRecord preserving(List<String> prompts) {
    return new ErasureRecord(
        method, concepts, prompts, baseHash, layersBeneath, libraryVersion, settings);
  }

  /** This record with one more setting, written as {@code value}'s text. */
  public ErasureRecord with(String setting, Object value) {
    var more = new TreeMap<String, String>(settings);
    more.put(setting, value.toString());
    return new ErasureRecord(
        method, concepts, preserved, baseHash, layersBeneath, libraryVersion, more);
  }

  /** One line for provenance: concepts, method, what was preserved, settings. */
  public String description() {
    return "erasure of "
        + quoted(concepts)
        + " by "
        + method
        + (preserved.isEmpty() ? "" : ", preserving " + quoted(preserved))
        + settings.entrySet().stream()
            .map(setting -> ", " + setting.getKey() + " " + setting.getValue())
            .collect(Collectors.joining());
  }

  private static String quoted(List<String> prompts) {
    return prompts.stream().map(prompt -> '"' + prompt + '"').collect(Collectors.joining(", "));
  }

  /** The record as a JSON object. */
  String json() {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("method", method);
    fields.put("concepts", concepts);
    fields.put("preserved", preserved);
    fields.put("base_hash", baseHash);
    fields.put("layers_beneath", layersBeneath);
    fields.put("library_version", libraryVersion);
    fields.put("settings", settings);
    return Config.of(fields).json();
  }

  /**
   * @param source where the text comes from, for messages
   * @throws CheckpointException if it is not what {@link #json} writes
   */
  static ErasureRecord parse(String json, String source) throws CheckpointException {
    Config config = Config.parse(json, source);
    try {
      Config given = config.object("settings");
      var settings = new TreeMap<String, String>();
      for (Map.Entry<String, Object> entry : given.asMap().entrySet()) {
        settings.put(entry.getKey(), given.string(entry.getKey()));
      }
      return new ErasureRecord(
          config.string("method"),
          config.strings("concepts"),
          config.strings("preserved"),
          config.string("base_hash"),
          config.strings("layers_beneath"),
          config.string("library_version"),
          settings);
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(source + ": not an erasure's record: " + e.getMessage(), e);
    }
  }
}
