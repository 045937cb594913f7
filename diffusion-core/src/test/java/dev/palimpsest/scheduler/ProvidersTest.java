package dev.palimpsest.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class ProvidersTest {
  @TempDir private Path folder;
  private PluginJars jars = new PluginJars(Path.of(""));

  @BeforeEach
  void jars() {
    jars = new PluginJars(folder);
  }

  @Test
  void aJarAddsASchedulerByNameAndByClassName() throws IOException {
    Path jar = jars.jar("mine", "Mine", "\"mine\"", "List.of(\"MineScheduler\", \"OldMine\")");
    PluginJars.with(
        () -> {
          assertTrue(Schedulers.names().contains("mine"));
          assertEquals("euler", Schedulers.byName("mine").name());
          for (String className : List.of("MineScheduler", "OldMine")) {
            assertEquals("euler", fromClass(className).scheduler().name());
          }
        },
        jar);
    assertFalse(Schedulers.names().contains("mine"));
  }

  @Test
  void twoJarsOfOneNameAreBothNamed() throws IOException {
    Path first = jars.jar("first", "First", "\"twin\"", "List.of(\"A\")");
    Path second = jars.jar("second", "Second", "\"twin\"", "List.of(\"B\")");
    PluginJars.with(
        () -> {
          assertNames(
              failure(() -> Schedulers.byName("twin")),
              "two providers of scheduler \"twin\"",
              "First in",
              "first.jar",
              "Second in",
              "second.jar");
          assertEquals("euler", fromClass("A").scheduler().name());
        },
        first,
        second);
  }

  @Test
  void twoJarsOfOneClassNameAreBothNamed() throws IOException {
    Path first = jars.jar("first", "First", "\"one\"", "List.of(\"TwinScheduler\")");
    Path second = jars.jar("second", "Second", "\"two\"", "List.of(\"TwinScheduler\")");
    PluginJars.with(
        () ->
            assertNames(
                failure(() -> fromClass("TwinScheduler")),
                "\"TwinScheduler\"",
                "first.jar",
                "second.jar"),
        first,
        second);
  }

  @Test
  void aJarThatTakesABuiltInNameIsNamed() throws IOException {
    Path jar = jars.jar("usurper", "Usurper", "\"ddim\"", "List.of(\"DDIMScheduler\")");
    PluginJars.with(
        () -> {
          assertNames(failure(() -> Schedulers.byName("ddim")), "\"ddim\"", "usurper.jar");
          assertNames(failure(() -> fromClass("DDIMScheduler")), "Solver in", "usurper.jar");
        },
        jar);
  }

  @Test
  void oneJarThatTwoLoadersLoadIsOneProvider() throws IOException {
    Path jar = jars.jar("mine", "Mine", "\"mine\"", "List.of()");
    ClassLoader own = getClass().getClassLoader();
    try (var parent = PluginJars.loader(own, List.of(jar));
        var childFirst =
            new URLClassLoader(new URL[] {jar.toUri().toURL()}, parent) {
              @Override
              protected Class<?> loadClass(String name, boolean resolve)
                  throws ClassNotFoundException {
                Class<?> loaded = findLoadedClass(name);
                return loaded != null
                    ? loaded
                    : name.equals("Mine") ? findClass(name) : super.loadClass(name, resolve);
              }
            }) {
      PluginJars.inContext(
          childFirst, () -> assertEquals("euler", Schedulers.byName("mine").name()));
    }
  }

  @Test
  void withoutAContextLoaderTheLibrarysOwnIsAsked() {
    PluginJars.inContext(null, () -> assertEquals("ddim", Schedulers.byName("ddim").name()));
  }

  @Test
  void aContextLoaderWithACopyOfTheLibraryIsNotAsked() throws Exception {
    Path jar = jars.jar("mine", "Mine", "\"mine\"", "List.of()");
    URL classes = SchedulerProvider.class.getProtectionDomain().getCodeSource().getLocation();
    URL[] copies = {jar.toUri().toURL(), classes};
    try (var foreign = new URLClassLoader(copies, ClassLoader.getPlatformClassLoader())) {
      PluginJars.inContext(foreign, () -> assertFalse(Schedulers.names().contains("mine")));
    }
  }

  @Test
  void aConstructorThatThrowsIsToldWithItsJar() throws IOException {
    Path jar =
        jars.jar(
            "broken",
            "Broken",
            "if (true) throw new IllegalStateException(\"no licence\");",
            "\"broken\"",
            "List.of()",
            "null");
    Path sound = jars.jar("sound", "Sound", "\"sound\"", "List.of()");
    PluginJars.with(
        () -> {
          String message = failure(() -> Schedulers.byName("broken"));
          assertNames(message, "Broken", "no licence", "broken.jar");
          assertFalse(message.contains("sound.jar"), message);
        },
        sound,
        jar);
  }

  @Test
  void aClassThatIsNotThereIsToldWithItsJar() throws IOException {
    Path jar = jars.promise("empty", "Missing");
    PluginJars.with(
        () -> assertNames(failure(() -> Schedulers.byName("x")), "Missing", "empty.jar"), jar);
  }

  @Test
  void missingAndBlankNamesAreToldWithTheirJar() throws IOException {
    refused("null", "List.of()", "name() is null");
    refused("\" \"", "List.of()", "name() is \" \"");
    refused("\"a\"", "null", "classNames() is null");
    refused("\"a\"", "List.of(\"\")", "classNames() has \"\"");
    refused("\"a\"", "Collections.singletonList(null)", "classNames() has null");
    refused("Objects.requireNonNull(null, \"oh\")", "List.of()", "does not tell its names");
  }

  @Test
  void aMissingSchedulerIsToldWithItsJar() throws IOException {
    Path jar = jars.jar("none", "None", "", "\"none\"", "List.of(\"NoneScheduler\")", "null");
    PluginJars.with(
        () -> {
          String wrong = "create() returned null";
          assertNames(failure(() -> Schedulers.byName("none")), wrong, "none.jar");
          assertNames(failure(() -> fromClass("NoneScheduler")), wrong, "none.jar");
        },
        jar);
  }

  private void refused(String name, String classNames, String wrong) throws IOException {
    Path jar = jars.jar("nameless", "Nameless", name, classNames);
    PluginJars.with(
        () -> assertNames(failure(() -> Schedulers.names()), "Nameless in", "nameless.jar", wrong),
        jar);
  }

  private static SchedulerConfig fromClass(String className) {
    return Schedulers.fromConfig(Map.of("_class_name", className));
  }

  private static String failure(Executable call) {
    return String.valueOf(assertThrows(IllegalStateException.class, call).getMessage());
  }

  private static void assertNames(String message, String... parts) {
    for (String part : parts) {
      assertTrue(message.contains(part), message);
    }
  }
}
