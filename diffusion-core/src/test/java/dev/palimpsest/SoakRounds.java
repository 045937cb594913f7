package dev.palimpsest;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** What {@link SoakTest} runs in a process of its own. */
final class SoakRounds {
  private static final GenerationRequest CAT =
      GenerationRequest.of("a cat").steps(2).guidanceScale(4).seed(1);

  private SoakRounds() {}

  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("traces")) {
      traces();
    } else {
      rounds(Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]));
    }
  }

  private static GeneratedImage round() throws IOException {
    try (var pipeline = TestModels.tiny(7).open()) {
      return pipeline.generate(CAT).first();
    }
  }

  private static void rounds(int warmUp, int rounds) throws IOException {
    for (int i = 0; i < warmUp; i++) {
      round();
    }
    var resident = new ArrayList<Long>();
    long start = System.nanoTime();
    for (int i = 0; i < rounds; i++) {
      round();
      resident.add(residentKib());
    }
    int tenth = rounds / 10;
    long before = median(resident.subList(0, tenth));
    long after = median(resident.subList(rounds - tenth, rounds));
    System.out.printf(
        "%d rounds in %.1f s, anonymous memory %d KiB at first, %d KiB at last, %d KiB at most%n",
        rounds, (System.nanoTime() - start) / 1e9, before, after, Collections.max(resident));
    System.out.println("grown KiB " + (after - before));
  }

  private static long median(List<Long> values) {
    return values.stream().sorted().skip(values.size() / 2).findFirst().orElseThrow();
  }

  private static long residentKib() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("RssAnon"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }

  private static void traces() throws Exception {
    // The JDK's file channels hold one unconnected local socket, with which they mark closed files.
    FileChannel.open(Path.of("/proc/self/status")).close();
    Set<String> before = openSockets();
    Set<String> sockets = new TreeSet<>();
    try (var pipeline = TestModels.tiny(7).open()) {
      GeneratedImage image = pipeline.generate(CAT, step -> sockets.addAll(openSockets())).first();
      System.out.println("generated " + image.width() + "x" + image.height());
    }
    sockets.addAll(openSockets());
    sockets.removeAll(before);
    sockets.forEach(System.out::println);
    System.out.println("sockets " + sockets.size());
  }

  /** Of any kind, internet or local: what this process holds open. */
  private static Set<String> openSockets() {
    Set<String> sockets = new TreeSet<>();
    try (var open = Files.list(Path.of("/proc/self/fd"))) {
      for (Path link : open.toList()) {
        try {
          String target = Files.readSymbolicLink(link).toString();
          if (target.startsWith("socket:")) {
            sockets.add(target);
          }
        } catch (java.nio.file.NoSuchFileException e) {
          continue; // closed meanwhile, as the listing's own handle is
        }
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return sockets;
  }
}
