package dev.palimpsest.file;

import static java.util.stream.Collectors.joining;

import com.google.common.base.Strings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A setting that is not what it was when the work in a folder was begun. Immutable.
 *
 * @param before null if there was none
 * @param now null if there is none
 */
public record SettingChange(String name, @Nullable String before, @Nullable String now) {
  private static final int TOLD = 8;
  private static final int LENGTH = 60;

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

  /**
   * Such as {@code {steps=20 there, 30 now}}. Of long values it has what stands around the first
   * difference, and it ends after some changes with how many there are more.
   */
  public static String text(List<SettingChange> changes) {
    String text = changes.stream().limit(TOLD).map(SettingChange::text).collect(joining(", "));
    int more = changes.size() - TOLD;
    return "{" + text + (more > 0 ? ", and " + more + " more" : "") + "}";
  }

  private String text() {
    String then = Objects.requireNonNullElse(before, "(none)");
    String today = Objects.requireNonNullElse(now, "(none)");
    int same = Strings.commonPrefix(then, today).length();
    return name + "=" + around(then, same) + " there, " + around(today, same) + " now";
  }

  /** The part of a text that is told: from shortly before a place. */
  private static String around(String text, int place) {
    if (text.length() <= LENGTH) {
      return text;
    }
    int from = Math.max(0, Math.min(place - LENGTH / 4, text.length() - LENGTH));
    int to = from + LENGTH;
    return (from > 0 ? "…" : "") + text.substring(from, to) + (to < text.length() ? "…" : "");
  }
}
