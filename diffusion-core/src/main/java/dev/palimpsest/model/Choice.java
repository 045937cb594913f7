package dev.palimpsest.model;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.errors.UnsupportedModelException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Configuration values that only some of what they could be is supported of. */
final class Choice {
  private Choice() {}

  /**
   * What a table gives for a name found in a configuration.
   *
   * @throws UnsupportedModelException naming field, value and what is possible
   */
  static <T> T of(Config config, String field, String value, Map<String, T> table) {
    T choice = table.get(value);
    if (choice == null) {
      throw refused(config, field, value, new TreeSet<>(table.keySet()));
    }
    return choice;
  }

  static UnsupportedModelException refused(
      Config config, String field, Object value, Collection<String> possible) {
    return new UnsupportedModelException(
        config.source()
            + ": "
            + field
            + " = "
            + value
            + " is not supported; supported are "
            + possible);
  }

  /** Whether a ResNet's time embedding scales and shifts rather than being added. */
  static boolean scaleShift(Config config) {
    return of(
        config,
        "resnet_time_scale_shift",
        config.string("resnet_time_scale_shift", "default"),
        Map.of("default", false, "scale_shift", true));
  }

  /** The groups of group normalisation. */
  static int normGroups(Config config) {
    if (config.has("norm_num_groups") && config.isNull("norm_num_groups")) {
      throw refused(config, "norm_num_groups", "null", List.of("a number"));
    }
    return config.integer("norm_num_groups", 32);
  }
}
