package dev.palimpsest.examples;

import com.google.common.util.concurrent.Uninterruptibles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The highest resident memory of this process, in bytes, in all and of each sort, from Linux's
 * {@code /proc/self/status}; 0 on other systems. The kernel keeps the peak of the whole only, so
 * the sorts are looked at every 20 ms until closed.
 */
public final class ProcessMemory implements AutoCloseable {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Duration INTERVAL = Duration.ofMillis(20);
  private static final List<String> SORTS = List.of("VmHWM:", "RssAnon:", "RssFile:");

  private final Map<String, Long> peaks = new HashMap<>();
  private final Thread watcher = new Thread(this::watch, "process memory");
  private volatile boolean closed;

  public ProcessMemory() {
    watcher.setDaemon(true);
    watcher.start();
  }

  /** File-backed pages included. */
  public long peak() {
    return peak("VmHWM:");
  }

  /** Of memory that the process asked for. */
  public long peakAnonymous() {
    return peak("RssAnon:");
  }

  /** Of mapped files, which the system may drop at will: weights, libraries. */
  public long peakFileBacked() {
    return peak("RssFile:");
  }

  private synchronized long peak(String sort) {
    look();
    return peaks.getOrDefault(sort, 0L);
  }

  private void watch() {
    while (!closed) {
      look();
      Uninterruptibles.sleepUninterruptibly(INTERVAL);
    }
  }

  private synchronized void look() {
    if (!Files.isReadable(STATUS)) {
      return;
    }
    try {
      for (String line : Files.readAllLines(STATUS)) {
        for (String sort : SORTS) {
          if (line.startsWith(sort)) {
            long kilobytes = Long.parseLong(line.replaceAll("\\D", ""));
            peaks.merge(sort, kilobytes * 1024, Math::max);
          }
        }
      }
    } catch (IOException e) {
      // Then this look saw nothing.
    }
  }

  @Override
  public void close() {
    closed = true;
  }
}
