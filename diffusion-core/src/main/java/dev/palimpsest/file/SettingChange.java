package dev.palimpsest.file;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A setting that is not what it was when the work in a folder was begun. Immutable.
 *
 * @param before null if there was none
 * @param now null if there is none
 */
public record SettingChange(String name, @Nullable String before, @Nullable String now) {

  /** What changed from one table of settings to another, by name. */
  public static List<SettingChange> between(Map<String, String> before, Map<String, String> now) {
    var names = new TreeSet<>(before.keySet());
    names.addAll(now.keySet());
    var changes = new ArrayList<SettingChange>();
    for (String name : names) {
      var change = new SettingChange(name, before.get(name), now.get(name));
      if (!Objects.equals(change.before, change.now)) {
        changes.add(change);
      }
    }
    return changes;
  }

  /** Such as {@code {steps=20 there, 30 now}}. */
  public static String text(List<SettingChange> changes) {
    return changes.stream()
        .map(
            change ->
                change.name
                    + "="
                    + Objects.requireNonNullElse(change.before, "(none)")
                    + " there, "
                    + Objects.requireNonNullElse(change.now, "(none)")
                    + " now")
        .collect(Collectors.joining(", ", "{", "}"));
  }
}
