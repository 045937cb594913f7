package dev.palimpsest.runtime;

import static com.google.common.base.Preconditions.checkArgument;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions;
import dev.palimpsest.errors.DeviceUnavailableException;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where sessions compute. Immutable. */
public final class Device {
  private static final Logger LOG = LoggerFactory.getLogger(Device.class);
  private static final int NO_CUDA = -1;

  private final int threads;
  private final int cuda;

  private Device(int threads, int cuda) {
    this.threads = threads;
    this.cuda = cuda;
  }

  /** The processor, with as many threads as the JVM sees processors. */
  public static Device cpu() {
    return cpu(Runtime.getRuntime().availableProcessors());
  }

  /**
   * The processor.
   *
   * @param threads threads of each session, the calling one included; results are the same to the
   *     byte for the same number
   */
  public static Device cpu(int threads) {
    checkArgument(threads >= 1, "threads must be >= 1, was %s", threads);
    return new Device(threads, NO_CUDA);
  }

  /**
   * An NVIDIA graphics processor, tried out with a small computation.
   *
   * @param index the device's number, from 0
   * @throws DeviceUnavailableException if it cannot be used; the message says what is missing
   */
  public static Device cuda(int index) {
    checkArgument(index >= 0, "a CUDA device's index must be >= 0, was %s", index);
    var device = new Device(Runtime.getRuntime().availableProcessors(), index);
    Cuda.probe(device);
    return device;
  }

  /**
   * CUDA device 0 where that works, otherwise {@link #cpu()}. Logs which, and {@link #name()}
   * tells.
   */
  public static Device auto() {
    Device device;
    try {
      device = cuda(0);
      LOG.info("computing on {}", device);
    } catch (DeviceUnavailableException e) {
      device = cpu();
      LOG.info("computing on {}, because {}", device, e.getMessage());
    }
    return device;
  }

  public boolean isCuda() {
    return cuda != NO_CUDA;
  }

  /** Threads on the processor, which also computes what a graphics processor leaves over. */
  public int threads() {
    return threads;
  }

  /** The kind and its number: threads on the processor or the index, as in {@code cuda(0)}. */
  public String name() {
    return isCuda() ? "cuda(" + cuda + ")" : "cpu(" + threads + ")";
  }

  void configure(SessionOptions options) throws OrtException {
    if (isCuda()) {
      Cuda.configure(options, cuda);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Device
        && threads == ((Device) other).threads
        && cuda == ((Device) other).cuda;
  }

  @Override
  public int hashCode() {
    return Objects.hash(threads, cuda);
  }

  @Override
  public String toString() {
    return name();
  }
}
