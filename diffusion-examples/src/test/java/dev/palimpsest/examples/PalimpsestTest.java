package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class PalimpsestTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void helpNamesTheCommand() {
    assertEquals(0, run("--help"));
    assertTrue(out.toString().startsWith("Usage: palimpsest"), out::toString);
  }

  @Test
  void versionIsOneLine() {
    assertEquals(0, run("--version"));
    assertTrue(out.toString().matches("palimpsest \\S.*\\R"), out::toString);
  }

  @Test
  void anUnknownCommandIsNamed() {
    assertEquals(CommandLine.ExitCode.USAGE, run("paint"));
    assertTrue(err.toString().contains("paint"), err::toString);
  }

  private int run(String... args) {
    return new CommandLine(new Palimpsest())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(args);
  }
}
