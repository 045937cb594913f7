package dev.palimpsest.scheduler;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/** The files in which jars name their providers of a service. */
final class ServiceFiles {
  private ServiceFiles() {}

  /**
   * The files whose provider a failure tells of; all, where it names none.
   *
   * @param failure the text of a failure of {@link java.util.ServiceLoader}, which names the class
   *     but not its place
   */
  static List<URL> declaring(ClassLoader loader, Class<?> service, String failure) {
    var named = new ArrayList<URL>();
    var all = new ArrayList<URL>();
    try {
      for (URL file :
          Collections.list(loader.getResources("META-INF/services/" + service.getName()))) {
        all.add(file);
        if (lines(file).anyMatch(line -> failure.contains("Provider " + line + " "))) {
          named.add(file);
        }
      }
    } catch (IOException e) {
      return all; // a message about a failure must not end in another one
    }
    return named.isEmpty() ? all : named;
  }

  private static Stream<String> lines(URL file) throws IOException {
    var connection = file.openConnection();
    connection.setUseCaches(false); // a cached jar could not be replaced
    try (InputStream in = connection.getInputStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .map(line -> line.replaceFirst("#.*", "").strip())
          .filter(line -> !line.isEmpty());
    }
  }
}
