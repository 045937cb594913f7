package dev.palimpsest.examples;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;

/** Erasure and LoRA know core and not each other; core knows neither. */
class ModulesTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter().importPackages("dev.palimpsest");

  @Test
  void erasureAndLoraDoNotKnowEachOther() {
    slices()
        .matching("dev.palimpsest.(esd|lora)..")
        .should()
        .notDependOnEachOther()
        .allowEmptyShould(true)
        .check(CLASSES);
  }

  @Test
  void coreKnowsNoOtherModule() {
    String[] others = {
      "dev.palimpsest.esd..", "dev.palimpsest.lora..", "dev.palimpsest.examples.."
    };
    noClasses()
        .that()
        .resideOutsideOfPackages(others)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(others)
        .check(CLASSES);
  }
}
