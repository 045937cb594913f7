package dev.palimpsest.scheduler;

import com.google.common.base.Strings;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A provider whose names were read once and found to be names. */
final class KnownProvider {
  private final SchedulerProvider provider;
  private final String name;
  private final List<String> classNames;

  private KnownProvider(SchedulerProvider provider, String name, List<String> classNames) {
    this.provider = provider;
    this.name = name;
    this.classNames = classNames;
  }

  /**
   * @throws IllegalStateException if its names are missing or blank; the message says where it is
   */
  static KnownProvider of(SchedulerProvider provider) {
    @Nullable String name;
    @Nullable List<String> classNames;
    try {
      name = provider.name();
      classNames = provider.classNames();
    } catch (RuntimeException e) {
      throw new IllegalStateException(
          "scheduler provider " + where(provider) + " does not tell its names: " + e, e);
    }
    check(provider, !blank(name), "name() is " + shown(name));
    check(provider, classNames != null, "classNames() is null");
    for (@Nullable String className : classNames) {
      check(provider, !blank(className), "classNames() has " + shown(className));
    }
    return new KnownProvider(provider, name, new ArrayList<>(classNames));
  }

  String name() {
    return name;
  }

  List<String> classNames() {
    return classNames;
  }

  SchedulerProvider provider() {
    return provider;
  }

  /** The scheduler of a configuration. */
  Scheduler create(Map<String, Object> config) {
    @Nullable Scheduler scheduler = provider.create(config);
    check(provider, scheduler != null, "create() returned null");
    check(provider, !blank(scheduler.name()), "its scheduler's name() is null or blank");
    return scheduler;
  }

  /** Its class and the jar or folder that this came from. */
  @Override
  public String toString() {
    return where(provider);
  }

  private static String where(SchedulerProvider provider) {
    CodeSource source = provider.getClass().getProtectionDomain().getCodeSource();
    return provider.getClass().getName()
        + " in "
        + (source == null ? "an unknown place" : source.getLocation());
  }

  private static void check(SchedulerProvider provider, boolean condition, String wrong) {
    if (!condition) {
      throw new IllegalStateException("scheduler provider " + where(provider) + ": " + wrong);
    }
  }

  private static boolean blank(@Nullable String name) {
    return Strings.nullToEmpty(name).isBlank();
  }

  private static String shown(@Nullable String name) {
    return name == null ? "null" : "\"" + name + "\"";
  }
}
