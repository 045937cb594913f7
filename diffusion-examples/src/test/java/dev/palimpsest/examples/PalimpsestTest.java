package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PalimpsestTest {
  @Test
  void helpNamesTheCommands() {
    Cli help = Cli.run("--help");
    assertEquals(0, help.code());
    assertTrue(help.out().startsWith("Usage: palimpsest"), help::out);
    for (String command :
        new String[] {"sheet", "generate", "info", "conformance", "bench", "doctor"}) {
      assertTrue(help.out().contains("\n  " + command), help::out);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"sheet", "generate", "info", "conformance", "bench", "doctor"})
  void eachCommandHasHelp(String command) {
    Cli help = Cli.run(command, "--help");
    assertEquals(0, help.code());
    assertTrue(help.out().startsWith("Usage: palimpsest " + command), help::out);
  }

  @Test
  void versionIsOneLine() {
    Cli version = Cli.run("--version");
    assertEquals(0, version.code());
    assertTrue(version.out().matches("palimpsest \\S.*\\R"), version::out);
  }

  @Test
  void anUnknownCommandIsNamed() {
    Cli unknown = Cli.run("paint");
    assertEquals(2, unknown.code());
    assertTrue(unknown.err().contains("paint") && unknown.err().contains("--help"), unknown::err);
  }

  @Test
  void aForeseenFailureIsOneLine() {
    Cli missing = Cli.run("info", "no/such/folder");
    assertEquals(1, missing.code());
    assertEquals(1, missing.err().lines().count(), missing::err);
    assertTrue(missing.err().startsWith("error: "), missing::err);
    Cli traced = Cli.run("info", "no/such/folder", "--stacktrace");
    assertTrue(traced.err().contains("\tat dev.palimpsest."), traced::err);
  }
}
