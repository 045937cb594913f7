package dev.palimpsest.scheduler;

import dev.palimpsest.errors.UnsupportedModelException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The built-in solvers and those of services. Nothing is kept between look-ups, since each thread
 * may have class loaders of its own.
 */
final class Providers {
  private static final Class<SchedulerProvider> SERVICE = SchedulerProvider.class;

  private Providers() {}

  static KnownProvider ofName(String name) {
    KnownProvider found = only(name, provider -> provider.name().equals(name));
    if (found == null) {
      throw new IllegalArgumentException("unknown scheduler \"" + name + "\"; known: " + names());
    }
    return found;
  }

  static KnownProvider ofClass(String className) {
    KnownProvider found = only(className, provider -> provider.classNames().contains(className));
    if (found == null) {
      var known = new TreeSet<String>();
      all().forEach(provider -> known.addAll(provider.classNames()));
      throw new UnsupportedModelException(
          "unknown scheduler class (_class_name) \"" + className + "\"; known: " + known);
    }
    return found;
  }

  static Set<String> names() {
    var names = new TreeSet<String>();
    all().forEach(provider -> names.add(provider.name()));
    return names;
  }

  private static @Nullable KnownProvider only(String name, Predicate<KnownProvider> condition) {
    KnownProvider found = null;
    for (KnownProvider provider : all()) {
      if (condition.test(provider)) {
        if (found != null) {
          throw new IllegalStateException(
              "two providers of scheduler \"" + name + "\": " + found + " and " + provider);
        }
        found = provider;
      }
    }
    return found;
  }

  private static List<KnownProvider> all() {
    var all = new ArrayList<KnownProvider>();
    Solver.ALL.forEach(solver -> all.add(KnownProvider.of(solver)));
    // What both loaders see is one provider; so is one class of one place that each has loaded.
    Map<String, KnownProvider> services = new LinkedHashMap<>();
    for (ClassLoader loader : loaders()) {
      for (SchedulerProvider provider : load(loader)) {
        var known = KnownProvider.of(provider);
        services.putIfAbsent(known.toString(), known);
      }
    }
    all.addAll(services.values());
    return all;
  }

  /** The thread's context class loader, if it sees this library, then the library's own. */
  private static Set<ClassLoader> loaders() {
    var loaders = new LinkedHashSet<ClassLoader>();
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    if (context != null && sees(context)) {
      loaders.add(context);
    }
    loaders.add(SERVICE.getClassLoader());
    return loaders;
  }

  /** Whether what a loader has can implement this very interface rather than a copy of it. */
  private static boolean sees(ClassLoader loader) {
    try {
      return loader.loadClass(SERVICE.getName()) == SERVICE;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }

  private static List<SchedulerProvider> load(ClassLoader loader) {
    var providers = new ArrayList<SchedulerProvider>();
    try {
      ServiceLoader.load(SERVICE, loader).forEach(providers::add);
    } catch (ServiceConfigurationError e) {
      throw new IllegalStateException(
          "a scheduler provider cannot be made: "
              + e.getMessage()
              + (e.getCause() == null ? "" : " (" + e.getCause() + ")")
              + "; declared in "
              + ServiceFiles.declaring(loader, SERVICE, String.valueOf(e.getMessage())),
          e);
    }
    return providers;
  }
}
