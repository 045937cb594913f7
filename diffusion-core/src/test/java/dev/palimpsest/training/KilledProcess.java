package dev.palimpsest.training;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A program in a process of its own that is killed without warning. It prints {@code finished} when
 * it reaches its end.
 */
public final class KilledProcess {
  private KilledProcess() {}

  /**
   * Whether the program reached its end; it fails a test if it ended by itself before.
   *
   * @param until the line after which it is killed, or empty
   * @param delay milliseconds between the two
   */
  public static boolean finishes(Class<?> program, List<String> arguments, String until, int delay)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.add(program.getName());
    command.addAll(arguments);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      var lines = new ArrayList<String>();
      String line;
      while ((line = output.readLine()) != null) {
        lines.add(line);
        if (line.equals(until)) {
          TimeUnit.MILLISECONDS.sleep(delay);
          process.toHandle().destroyForcibly(); // leaves the stream open
        }
      }
      process.waitFor();
      boolean finished = lines.contains("finished");
      assertTrue(
          finished || (!until.isEmpty() && process.exitValue() != 1),
          () -> String.join("\n", lines));
      return finished;
    } finally {
      process.destroyForcibly();
    }
  }
}
