package consumer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.GeneratedImage;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.TestModels;
import java.lang.module.ModuleFinder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConsumerTest {
  @Test
  void theLibraryWorks() {
    assertArrayEquals(new float[] {0.5f, 1f, 1.5f, 2f}, Application.latents());
  }

  @Test
  void theTestModelsGenerate() throws Exception {
    try (var pipeline = TestModels.tiny(7).open()) {
      GeneratedImage image =
          pipeline.generate(GenerationRequest.of("a cat").steps(2).seed(1)).first();
      assertEquals(16, image.width());
      assertEquals(16, image.height());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"core", "esd", "lora"})
  void theJarsHaveAModuleName(String part) {
    Path jar = only("diffusion-" + part + "-[0-9.]+(-SNAPSHOT)?\\.jar");
    assertTrue(ModuleFinder.of(jar).find("dev.palimpsest." + part).isPresent(), jar.toString());
  }

  @Test
  void theJarCarriesItsLicenceAndVersion() throws Exception {
    try (var jar = new JarFile(only("diffusion-core-[0-9.]+(-SNAPSHOT)?\\.jar").toFile())) {
      assertTrue(jar.getEntry("META-INF/LICENSE") != null);
      assertTrue(jar.getEntry("META-INF/NOTICE") != null);
      assertEquals(
          System.getProperty("palimpsest.version"),
          jar.getManifest().getMainAttributes().getValue("Implementation-Version"));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sources dev/palimpsest/tensor/Tensor.java",
        "javadoc dev.palimpsest.core/dev/palimpsest/tensor/Tensor.html"
      })
  void sourcesAndJavadocAreThere(String kindAndEntry) throws Exception {
    String[] parts = kindAndEntry.split(" ");
    try (var jar = new JarFile(only("diffusion-core-.*-" + parts[0] + "\\.jar").toFile())) {
      assertTrue(jar.getEntry(parts[1]) != null, kindAndEntry);
    }
  }

  /** The one jar on the class path with such a name. */
  private static Path only(String name) {
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    List<Path> found =
        Arrays.stream(classPath.split(System.getProperty("path.separator")))
            .map(Path::of)
            .filter(path -> path.getFileName().toString().matches(name))
            .collect(Collectors.toList());
    assertEquals(1, found.size(), () -> name + " in " + classPath);
    return found.get(0);
  }
}
