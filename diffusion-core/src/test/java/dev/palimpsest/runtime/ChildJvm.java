package dev.palimpsest.runtime;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A JVM of its own in an empty folder, which is also its home and its temporary folder. */
public final class ChildJvm {
  /** What it left. */
  public record Outcome(int status, String output) {}

  private final Path folder;
  private final List<String> options = new ArrayList<>();
  private final Map<String, String> environment = new HashMap<>();
  private int timeLimitSeconds = 120;
  private String classPath = System.getProperty("java.class.path");

  public ChildJvm(Path folder) {
    this.folder = folder;
  }

  public ChildJvm option(String option) {
    options.add(option);
    return this;
  }

  public ChildJvm environment(String name, String value) {
    environment.put(name, value);
    return this;
  }

  /** Default two minutes. */
  public ChildJvm timeLimit(int seconds) {
    timeLimitSeconds = seconds;
    return this;
  }

  ChildJvm alsoOnClassPath(Path path) {
    classPath += File.pathSeparator + path;
    return this;
  }

  public Outcome run(Class<?> main, String... arguments) throws IOException, InterruptedException {
    Path temp = Files.createDirectories(folder.resolve("tmp"));
    Path home = Files.createDirectories(folder.resolve("home"));
    Path work = Files.createDirectories(folder.resolve("work"));
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Djava.io.tmpdir=" + temp);
    command.add("-Duser.home=" + home);
    command.addAll(options);
    command.add("-cp");
    command.add(classPath);
    command.add(main.getName());
    command.addAll(List.of(arguments));
    Path output = folder.resolve("output");
    var builder = new ProcessBuilder(command).directory(work.toFile());
    builder.redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().keySet().removeIf(key -> key.equals("CI") || key.startsWith("XDG_"));
    builder.environment().put("HOME", home.toString());
    builder.environment().putAll(environment);
    Process process = builder.start();
    if (!process.waitFor(timeLimitSeconds, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError(
          "no end after " + timeLimitSeconds + " s: " + Files.readString(output));
    }
    return new Outcome(process.exitValue(), Files.readString(output));
  }

  /** Files in the home, temporary and working folder; not the JVM's own performance data. */
  public List<Path> filesLeft() throws IOException {
    var left = new ArrayList<Path>();
    for (String name : List.of("home", "tmp", "work")) {
      try (Stream<Path> files = Files.walk(folder.resolve(name))) {
        files
            .filter(Files::isRegularFile)
            .filter(file -> !file.toString().contains("hsperfdata"))
            .forEach(left::add);
      }
    }
    return left;
  }
}
