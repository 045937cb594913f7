package dev.palimpsest.runtime;

import dev.palimpsest.errors.CancelledException;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;

/** What runs in a JVM of its own: the process' end, its memory, its traces. */
final class Child {
  private Child() {}

  public static void main(String[] arguments) throws Exception {
    switch (arguments[0]) {
      case "exit-in-runs" -> exitInRuns();
      case "exit-in-opens" -> exitInOpens();
      case "rounds" -> rounds(Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]));
      case "open" -> open();
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private static void exitInRuns() throws InterruptedException {
    Session session = TestGraphs.chain(3_000, Device.cpu(2));
    for (int i = 0; i < 4; i++) {
      start(
          () -> {
            try {
              session.run(Map.of("x", TestGraphs.chainInput(1)));
              System.out.println("a run came to its end");
            } catch (CancelledException e) {
              System.out.println("cancelled");
            }
          });
    }
    Thread.sleep(300);
    System.exit(7);
  }

  private static void exitInOpens() throws InterruptedException {
    for (int i = 0; i < 4; i++) {
      start(
          () -> {
            try {
              while (true) {
                TestGraphs.chain(300, Device.cpu(2)).close();
              }
            } catch (IllegalStateException e) {
              System.out.println("refused");
            }
          });
    }
    Thread.sleep(700);
    System.exit(7);
  }

  private static void start(Runnable work) {
    var thread = new Thread(work);
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Prints by how many KiB memory grew over {@code count} rounds, after as many as {@code warm}.
   */
  private static void rounds(int warm, int count) throws Exception {
    for (int i = 0; i < warm; i++) {
      round();
    }
    long before = residentKib();
    for (int i = 0; i < count; i++) {
      round();
    }
    System.out.println("grew " + (residentKib() - before));
  }

  private static void round() {
    Shape shape = Shape.of(256, 256);
    Graph graph =
        Graph.of(
            "round",
            "y",
            Value.input("x", DType.FLOAT32, Dims.parse("rows", 256))
                .matmul(Value.parameter("w", DType.FLOAT32, shape)));
    Tensor weight = TestGraphs.random(shape, 1).as(DType.FLOAT16);
    try (Session session = Session.open(graph, name -> weight, Device.cpu(2))) {
      for (int i = 0; i < 3; i++) {
        TestGraphs.run(session, Tensor.zeros(Shape.of(8, 256)));
      }
      try {
        session.run(Map.of());
        throw new AssertionError("ran without inputs");
      } catch (IllegalArgumentException expected) {
        // a refused run must not leak either
      }
    }
  }

  private static long residentKib() throws Exception {
    System.gc();
    Thread.sleep(200); // direct memory is freed a moment after the collection
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("RssAnon"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }

  private static void open() throws IOException {
    try (Session session = TestGraphs.product()) {
      TestGraphs.run(session, Tensor.zeros(Shape.of(1, 2)));
      try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
        open.map(Child::target)
            .filter(name -> name.startsWith("socket:"))
            .forEach(System.out::println);
      }
    }
    System.out.println("done");
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (java.nio.file.NoSuchFileException e) {
      return "gone";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
