package dev.palimpsest.training;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The table of a run's steps, a CSV file; a state knows how long it was. */
final class EventLog implements AutoCloseable {
  static final String HEADER = "step,loss,learning_rate,gradient_norm,seconds\n";

  private static final Logger LOG = LoggerFactory.getLogger(EventLog.class);

  private final Path file;
  private @Nullable FileChannel channel;

  EventLog(Path file) {
    this.file = file;
  }

  /** Starts an empty table. */
  void begin() throws IOException {
    cut(0);
  }

  /** Goes on behind {@code length} bytes; what is there beyond them is dropped. */
  void cut(long length) throws IOException {
    close();
    channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    if (channel.size() < length) {
      LOG.warn("{} was {} bytes long and is {}: rows are lost", file, length, channel.size());
    }
    channel.truncate(length);
    channel.position(channel.size());
    if (channel.size() == 0) {
      write(HEADER);
    }
  }

  void append(TrainingStep step) throws IOException {
    write(
        String.format(
            Locale.ROOT,
            "%d,%s,%s,%s,%.3f\n",
            step.step(),
            Float.toString(step.loss()),
            Double.toString(step.learningRate()),
            Float.toString((float) step.gradientNorm()),
            step.seconds()));
  }

  private void write(String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(UTF_8));
    while (bytes.hasRemaining()) {
      requireNonNull(channel, "the log is not open").write(bytes);
    }
  }

  /** The length, once all of it is on the device. */
  long sync() throws IOException {
    FileChannel open = requireNonNull(channel, "the log is not open");
    open.force(true);
    return open.position();
  }

  @Override
  public void close() throws IOException {
    if (channel != null) {
      channel.close();
    }
  }
}
