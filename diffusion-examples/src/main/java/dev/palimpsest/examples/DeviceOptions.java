package dev.palimpsest.examples;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.runtime.Device;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/** Where to compute. */
final class DeviceOptions {
  private static final Pattern CUDA = Pattern.compile("cuda(?::(\\d{1,3}))?");

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      defaultValue = "cpu",
      description = "cpu, cuda:0 (or another number) or auto; default ${DEFAULT-VALUE}.")
  private String device = "cpu";

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads on the CPU; default one a core.")
  private int threads;

  /** The device, as soon as it works. */
  Device open() {
    checkArgument(threads >= 0, "--threads must be > 0, was %s", threads);
    Matcher cuda = CUDA.matcher(device);
    if (cuda.matches()) {
      return Device.cuda(cuda.group(1) == null ? 0 : Integer.parseInt(cuda.group(1)));
    }
    if (device.equals("auto")) {
      return Device.auto();
    }
    checkArgument(device.equals("cpu"), "no device '%s'; known are cpu, cuda:N and auto", device);
    return threads == 0 ? Device.cpu() : Device.cpu(threads);
  }

  /** As asked for. */
  String name() {
    return device;
  }

  /** Whether the choice of CPU threads is left open. */
  boolean anyThreads() {
    return device.equals("cpu") && threads == 0;
  }
}
