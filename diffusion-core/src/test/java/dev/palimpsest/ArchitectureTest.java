package dev.palimpsest;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Holds the table of packages in docs/architecture.md. */
class ArchitectureTest {
  private static final String ROOT = "dev.palimpsest";

  /** Package to what it may use; what those use is allowed too. */
  private static final Map<String, Set<String>> MAY_USE =
      Map.ofEntries(
          Map.entry("errors", Set.of()),
          Map.entry("file", Set.of()),
          Map.entry("tensor", Set.of("errors")),
          Map.entry("image", Set.of("tensor", "file")),
          Map.entry("checkpoint", Set.of("tensor", "file")),
          Map.entry("graph", Set.of("tensor", "file")),
          Map.entry("runtime", Set.of("graph")),
          Map.entry("scheduler", Set.of("tensor")),
          Map.entry("attention", Set.of("graph", "image")),
          Map.entry("autodiff", Set.of("graph")),
          Map.entry("likelihood", Set.of("scheduler", "tensor")),
          Map.entry("model", Set.of("graph", "checkpoint", "attention")),
          Map.entry("training", Set.of("autodiff", "model", "runtime", "scheduler")),
          Map.entry("", Set.of("model", "runtime", "scheduler", "likelihood", "image")));

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(ROOT);

  @Test
  void packagesUseOnlyWhatTheTableAllows() {
    var forbidden = new TreeMap<String, Set<String>>();
    for (JavaClass user : CLASSES) {
      Set<String> allowed = closure(packageOf(user));
      user.getDirectDependenciesFromSelf().stream()
          .map(dependency -> dependency.getTargetClass().getBaseComponentType())
          .filter(used -> (used.getPackageName() + ".").startsWith(ROOT + "."))
          .filter(used -> !allowed.contains(packageOf(used)))
          .forEach(
              used ->
                  forbidden
                      .computeIfAbsent(user.getName(), name -> new TreeSet<>())
                      .add(used.getName()));
    }
    assertEquals(Map.of(), forbidden, "class -> classes of packages that it must not use");
  }

  @Test
  void packagesFormNoCycle() {
    slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void onlyRuntimeTouchesOnnxRuntime() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + ".runtime")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("ai.onnxruntime..")
        .check(CLASSES);
  }

  @Test
  void onlyGraphTouchesTheGeneratedMessages() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + ".graph..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(ROOT + ".graph.onnx..")
        .check(CLASSES);
  }

  /** The row of the table that holds {@code type}: {@code ""} for the root package. */
  private static String packageOf(JavaClass type) {
    String name = (type.getPackageName() + ".").substring(ROOT.length() + 1);
    return name.isEmpty() ? name : name.substring(0, name.indexOf('.'));
  }

  private static Set<String> closure(String name) {
    Set<String> direct = MAY_USE.get(name);
    if (direct == null) {
      throw new AssertionError("package " + name + " is not in the table: " + MAY_USE.keySet());
    }
    var all = new TreeSet<>(Set.of(name));
    direct.forEach(used -> all.addAll(closure(used)));
    return all;
  }
}
