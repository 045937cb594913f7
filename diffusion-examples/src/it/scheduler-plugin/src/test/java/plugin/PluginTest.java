package plugin;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.scheduler.SchedulerConfig;
import dev.palimpsest.scheduler.Schedulers;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That the one services line is enough. */
class PluginTest {
  @TempDir Path dir;

  @Test
  void isFoundByNameAndByClassName() {
    assertEquals(GradientEstimation.class, Schedulers.byName("gradient_estimation").getClass());
    SchedulerConfig config =
        Schedulers.fromConfig(Map.of("_class_name", "GradientEstimationScheduler", "gamma", 1));
    assertArrayEquals(
        Schedulers.euler().begin(config.plan(9)).sigmas(),
        config.scheduler().begin(config.plan(9)).sigmas());
    assertThrows(
        UnsupportedModelException.class,
        () ->
            Schedulers.fromConfig(
                Map.of("_class_name", "GradientEstimationScheduler", "gamma", "two")));
  }

  /** java -cp palimpsest...:plugin.jar dev.palimpsest.examples.Palimpsest generate ... */
  @Test
  void theCommandLineTakesItsName() throws Exception {
    Path picture = dir.resolve("engine.png");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                others() + System.getProperty("path.separator") + jar(),
                "dev.palimpsest.examples.Palimpsest",
                "generate",
                "a flat icon of a fire engine",
                "--scheduler",
                "gradient_estimation",
                "--steps",
                "6",
                "--seed",
                "3",
                "--out",
                picture.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes());
    assertTrue(process.waitFor(2, TimeUnit.MINUTES));
    assertEquals(0, process.exitValue(), said);
    assertTrue(Files.size(picture) > 1000, said);
  }

  /** The plugin as a jar, which this phase of the build does not have yet. */
  private Path jar() throws IOException {
    Path classes = Path.of("target", "classes");
    Path jar = dir.resolve("plugin.jar");
    List<Path> files;
    try (Stream<Path> walk = Files.walk(classes)) {
      files = walk.filter(Files::isRegularFile).collect(Collectors.toList());
    }
    try (OutputStream file = Files.newOutputStream(jar);
        var out = new JarOutputStream(file)) {
      for (Path entry : files) {
        out.putNextEntry(new JarEntry(classes.relativize(entry).toString().replace('\\', '/')));
        Files.copy(entry, out);
        out.closeEntry();
      }
    }
    return jar;
  }

  /** The class path of this test, without the folders of this project. */
  private static String others() {
    String separator = System.getProperty("path.separator");
    String all =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return Arrays.stream(all.split(separator))
        .filter(entry -> entry.endsWith(".jar"))
        .collect(Collectors.joining(separator));
  }
}
