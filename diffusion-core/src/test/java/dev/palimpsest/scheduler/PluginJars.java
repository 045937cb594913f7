package dev.palimpsest.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.OutputStream;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/** Jars with scheduler providers, compiled on the spot, and threads that see them. */
final class PluginJars {
  private static final String SERVICE =
      "META-INF/services/dev.palimpsest.scheduler.SchedulerProvider";

  private final Path folder;

  PluginJars(Path folder) {
    this.folder = folder;
  }

  /** A jar of a provider that tells these names, written as Java expressions. */
  Path jar(String jarName, String className, String name, String classNames) throws IOException {
    return jar(jarName, className, "", name, classNames, "Schedulers.euler()");
  }

  /** As above, with a body of the constructor and what {@code create} returns. */
  Path jar(
      String jarName,
      String className,
      String constructor,
      String name,
      String classNames,
      String created)
      throws IOException {
    String source =
        "import dev.palimpsest.scheduler.*; import java.util.*;"
            + " public final class CLASS implements SchedulerProvider {"
            + " public CLASS() { CONSTRUCTOR }"
            + " @Override public String name() { return NAME; }"
            + " @Override public List<String> classNames() { return CLASSES; }"
            + " @Override public Scheduler create(Map<String, Object> config) { return CREATED; } }";
    source =
        source
            .replace("CLASSES", classNames)
            .replace("CLASS", className)
            .replace("CONSTRUCTOR", constructor)
            .replace("NAME", name)
            .replace("CREATED", created);
    Path sources = Files.createDirectories(folder.resolve(jarName + "-classes"));
    Path file = Files.writeString(sources.resolve(className + ".java"), source);
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                OutputStream.nullOutputStream(),
                null,
                "-proc:none",
                "-classpath",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                "-d",
                sources.toString(),
                file.toString());
    assertEquals(0, status, source);
    return pack(jarName, sources, className);
  }

  /** A jar that names a provider without having it. */
  Path promise(String jarName, String className) throws IOException {
    return pack(jarName, folder, className);
  }

  private Path pack(String jarName, Path classes, String className) throws IOException {
    Path jar = folder.resolve(jarName + ".jar");
    try (var out = new JarOutputStream(Files.newOutputStream(jar))) {
      out.putNextEntry(new JarEntry(SERVICE));
      out.write(("# a plugin\n" + className + "\n").getBytes(StandardCharsets.UTF_8));
      out.closeEntry();
      Path compiled = classes.resolve(className + ".class");
      if (Files.exists(compiled)) {
        out.putNextEntry(new JarEntry(className + ".class"));
        Files.copy(compiled, out);
        out.closeEntry();
      }
    }
    return jar;
  }

  /** Runs something in a thread context that sees these jars, in this order. */
  static void with(Runnable test, Path... jars) throws IOException {
    try (URLClassLoader loader = loader(PluginJars.class.getClassLoader(), List.of(jars))) {
      inContext(loader, test);
    }
  }

  static URLClassLoader loader(ClassLoader parent, List<Path> jars) {
    return new URLClassLoader(jars.stream().map(PluginJars::url).toArray(URL[]::new), parent);
  }

  static void inContext(@Nullable ClassLoader loader, Runnable test) {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(loader);
    try {
      test.run();
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private static URL url(Path jar) {
    try {
      return jar.toUri().toURL();
    } catch (MalformedURLException e) {
      throw new IllegalArgumentException(jar.toString(), e);
    }
  }
}
