package dev.palimpsest.checkpoint;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Checks that weights are what a network needs, no less and no more. */
public final class ParameterMatch {
  private static final int SHOWN = 10;

  private ParameterMatch() {}

  /**
   * @param what the network, for the message
   * @param required the network's parameters
   * @throws CheckpointException listing tensors that are missing, of another shape, or left over;
   *     known buffers may be left over
   */
  public static void check(String what, Map<String, Shape> required, Weights weights)
      throws CheckpointException {
    List<String> wrong = new ArrayList<>();
    for (Map.Entry<String, Shape> entry : new TreeMap<>(required).entrySet()) {
      String name = entry.getKey();
      if (!weights.contains(name)) {
        wrong.add("missing: " + name + " " + entry.getValue());
      } else if (!weights.shape(name).equals(entry.getValue())) {
        wrong.add(
            String.format(
                "shape: %s is %s, expected %s", name, weights.shape(name), entry.getValue()));
      }
    }
    for (String name : weights.names()) {
      if (!required.containsKey(name) && !TensorNames.isBuffer(name)) {
        wrong.add("left over: " + name + " " + weights.shape(name));
      }
    }
    if (!wrong.isEmpty()) {
      throw new CheckpointException(message(what, weights, wrong));
    }
  }

  private static String message(String what, Weights weights, List<String> wrong) {
    String origins =
        weights.names().stream()
            .map(weights::origin)
            .distinct()
            .limit(3)
            .collect(Collectors.joining(", "));
    String shown = wrong.stream().limit(SHOWN).collect(Collectors.joining("\n  "));
    String more = wrong.size() > SHOWN ? "\n  and " + (wrong.size() - SHOWN) + " more" : "";
    return String.format(
        "%s: %d tensors of %s do not fit:\n  %s%s", what, wrong.size(), origins, shown, more);
  }
}
