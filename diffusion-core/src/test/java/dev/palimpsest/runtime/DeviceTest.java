package dev.palimpsest.runtime;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.DeviceUnavailableException;
import java.util.List;
import org.junit.jupiter.api.Test;

class DeviceTest {
  @Test
  void namesTellKindAndNumber() {
    assertEquals("cpu(3)", Device.cpu(3).name());
    assertEquals(Device.cpu(Runtime.getRuntime().availableProcessors()), Device.cpu());
    assertFalse(Device.cpu().isCuda());
  }

  @Test
  void numbersOutOfRangeAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> Device.cpu(0));
    assertThrows(IllegalArgumentException.class, () -> Device.cuda(-1));
  }

  /** The build has the CPU artifact. */
  @Test
  void cudaWithoutTheGpuArtifactSaysWhatToPutIn() {
    var e = assertThrows(DeviceUnavailableException.class, () -> Device.cuda(0));
    String message = requireNonNull(e.getMessage());
    RuntimeInfo info = RuntimeInfo.read();
    for (String part :
        List.of(
            "cuda(0)",
            "com.microsoft.onnxruntime:onnxruntime_gpu",
            info.version(),
            "CUDA 12.x",
            "cuDNN 9.x",
            "CPU",
            info.artifacts().get(0))) {
      assertTrue(message.contains(part), message);
    }
  }

  @Test
  void autoTakesTheProcessorWithoutCuda() {
    assertEquals(Device.cpu(), Device.auto());
  }

  @Test
  void runtimeInfoTellsWhatIsThere() {
    RuntimeInfo info = RuntimeInfo.read();
    assertEquals("1.28.0", info.version());
    assertTrue(info.providers().contains("CPU"), info.toString());
    assertEquals(1, info.artifacts().size());
    assertTrue(info.artifacts().get(0).endsWith("onnxruntime-1.28.0.jar"), info.toString());
    assertFalse(info.cudaArtifact());
  }
}
