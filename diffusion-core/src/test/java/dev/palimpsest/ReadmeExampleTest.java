package dev.palimpsest;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What README shows in Java compiles. */
class ReadmeExampleTest {
  private static final String IMPORTS =
      """
      import dev.palimpsest.*;
      import dev.palimpsest.checkpoint.*;
      import dev.palimpsest.runtime.*;
      import dev.palimpsest.scheduler.*;
      import java.nio.file.Path;
      """;

  @TempDir Path temp;

  @Test
  void javaExamplesCompile() throws IOException {
    List<String> examples = examples();
    assertFalse(examples.isEmpty(), "README has no Java example");
    for (String example : examples) {
      compile(IMPORTS + "class Example { void run() throws Exception {\n" + example + "}}");
    }
  }

  private static List<String> examples() throws IOException {
    Matcher blocks = Pattern.compile("(?s)```java\n(.*?)```").matcher(Files.readString(readme()));
    var examples = new ArrayList<String>();
    while (blocks.find()) {
      examples.add(blocks.group(1));
    }
    return examples;
  }

  /** In the project's root, which is the working folder or above it. */
  private static Path readme() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("README.md"))) {
      folder = requireNonNull(folder.getParent(), "no README.md above the working folder");
    }
    return folder.resolve("README.md");
  }

  private void compile(String source) {
    var problems = new DiagnosticCollector<JavaFileObject>();
    var file =
        new SimpleJavaFileObject(URI.create("string:///Example.java"), JavaFileObject.Kind.SOURCE) {
          @Override
          public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return source;
          }
        };
    List<String> options =
        List.of(
            "-proc:none",
            "-d",
            temp.toString(),
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    ToolProvider.getSystemJavaCompiler()
        .getTask(null, null, problems, options, null, List.of(file))
        .call();
    List<String> errors =
        problems.getDiagnostics().stream()
            .filter(problem -> problem.getKind() == javax.tools.Diagnostic.Kind.ERROR)
            .map(Object::toString)
            .toList();
    assertEquals(List.of(), errors, source);
  }
}
