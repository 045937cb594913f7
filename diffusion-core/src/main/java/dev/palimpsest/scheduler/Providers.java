package dev.palimpsest.scheduler;

import dev.palimpsest.errors.UnsupportedModelException;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The built-in solvers and those on the class path. */
final class Providers {
  private Providers() {}

  static SchedulerProvider ofName(String name) {
    SchedulerProvider found = null;
    for (SchedulerProvider provider : all()) {
      if (provider.name().equals(name)) {
        checkOnly(found, provider, name);
        found = provider;
      }
    }
    if (found == null) {
      throw new IllegalArgumentException("unknown scheduler \"" + name + "\"; known: " + names());
    }
    return found;
  }

  static SchedulerProvider ofClass(String className) {
    SchedulerProvider found = null;
    var known = new TreeSet<String>();
    for (SchedulerProvider provider : all()) {
      if (provider.classNames().contains(className)) {
        checkOnly(found, provider, className);
        found = provider;
      }
      known.addAll(provider.classNames());
    }
    if (found == null) {
      throw new UnsupportedModelException(
          "unknown scheduler class (_class_name) \"" + className + "\"; known: " + known);
    }
    return found;
  }

  static Set<String> names() {
    var names = new TreeSet<String>();
    for (SchedulerProvider provider : all()) {
      names.add(provider.name());
    }
    return names;
  }

  private static List<SchedulerProvider> all() {
    var all = new ArrayList<SchedulerProvider>(Solver.ALL);
    ServiceLoader.load(SchedulerProvider.class).forEach(all::add);
    return all;
  }

  private static void checkOnly(
      @Nullable SchedulerProvider first, SchedulerProvider second, String name) {
    if (first != null) {
      throw new IllegalStateException(
          "two providers of scheduler \"" + name + "\": " + where(first) + " and " + where(second));
    }
  }

  private static String where(SchedulerProvider provider) {
    CodeSource source = provider.getClass().getProtectionDomain().getCodeSource();
    return provider.getClass().getName()
        + " in "
        + (source == null ? "an unknown place" : source.getLocation());
  }
}
