import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.lora.Lora;
import dev.palimpsest.lora.MergedLora;
import dev.palimpsest.tensor.Tensor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * Merges a LoRA at each line of its input, after dropping what it merged before, and tells the
 * seconds and processor seconds.
 */
final class MergeTime {
  private MergeTime() {}

  public static void main(String[] args) throws IOException {
    Checkpoint checkpoint = Checkpoint.read(Path.of(args[0]));
    Lora lora = Lora.read(Path.of(args[1]));
    MergedLora layer = lora.at(1);
    var lines = new BufferedReader(new InputStreamReader(System.in));
    Checkpoint merged = checkpoint;
    while (lines.readLine() != null) {
      merged = checkpoint;
      System.gc();
      long wall = System.nanoTime();
      long processor = processor();
      merged = checkpoint.with(layer);
      System.out.println((System.nanoTime() - wall) / 1e9 + " " + (processor() - processor) / 1e9);
    }
    Weights weights = merged.weights("unet");
    Map<String, Tensor> probe = new TreeMap<>();
    lora.modules("unet").keySet().forEach(module -> {
      String name = module + ".weight";
      probe.put(name, weights.get(name));
    });
    Safetensors.write(Path.of(args[2]), probe, Map.of());
  }

  private static long processor() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
  }
}
