package dev.palimpsest.examples;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;

/** A command line that was run, its exit code and what it printed. */
record Cli(int code, String out, String err) {
  static Cli run(Object... words) {
    return run(new Palimpsest(), words);
  }

  static Cli run(Palimpsest application, Object... words) {
    var out = new StringWriter();
    var err = new StringWriter();
    int code =
        application
            .commandLine()
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true))
            .execute(List.of(words).stream().map(String::valueOf).toArray(String[]::new));
    return new Cli(code, out.toString(), err.toString());
  }
}
