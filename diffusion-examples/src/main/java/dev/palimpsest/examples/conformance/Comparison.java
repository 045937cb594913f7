package dev.palimpsest.examples.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Holds one case's results against its expected values, where there are any: |got − want| ≤ atol +
 * rtol · |want|.
 */
final class Comparison {
  private final @Nullable Safetensors expected;
  private final double atol;
  private final double rtol;
  private final Set<String> open = new HashSet<>();
  private final List<String> problems = new ArrayList<>();
  private double worst;
  private int compared;

  private Comparison(@Nullable Safetensors expected, JsonNode fields) {
    this.expected = expected;
    this.atol = fields.path("tolerance").path("atol").asDouble(0);
    this.rtol = fields.path("tolerance").path("rtol").asDouble(0);
    fields.path("expected").forEach(spec -> open.add(spec.path("key").asText()));
  }

  static Comparison of(Path area, JsonNode fields) throws IOException {
    JsonNode name = fields.path("arrays");
    Path file = area.resolve(name.asText("."));
    // Where a case has no inputs and nothing is expected, there is no file either.
    boolean there = name.isTextual() && Files.exists(file);
    return new Comparison(there ? Safetensors.read(file) : null, fields);
  }

  void array(String name, String key, Tensor got) {
    open.remove(key);
    if (expected == null || !expected.names().contains(key)) {
      return;
    }
    Tensor want = expected.tensor(key);
    if (!got.shape().equals(want.shape())) {
      problems.add(name + " has shape " + got.shape() + ", expected " + want.shape());
      return;
    }
    compared++;
    double[] a = got.doubles();
    double[] b = want.doubles();
    int outside = 0;
    double largest = 0;
    for (int i = 0; i < a.length; i++) {
      double error = a[i] == b[i] ? 0 : Math.abs(a[i] - b[i]);
      double share = error == 0 ? 0 : error / (atol + rtol * Math.abs(b[i]));
      if (!(share <= 1)) {
        outside++;
      }
      largest = Double.isNaN(share) ? Double.POSITIVE_INFINITY : Math.max(largest, share);
    }
    worst = Math.max(worst, largest);
    if (outside > 0) {
      problems.add(
          String.format(
              Locale.ROOT,
              "%s: %d of %d outside, at most %.3g times the tolerance",
              name,
              outside,
              a.length,
              largest));
    }
  }

  void value(String name, JsonNode got, JsonNode want) {
    if (want.isMissingNode()) {
      return;
    }
    compared++;
    if (!got.toString().equals(want.toString())) {
      problems.add(name + " is " + got + ", expected " + want);
    }
  }

  /** Whether expected values were there to compare with. */
  boolean compares() {
    return compared > 0;
  }

  /** The largest error as a share of the tolerance. */
  double worst() {
    return worst;
  }

  /** What does not fit, with what was asked for and not given. */
  List<String> problems() {
    var all = new ArrayList<>(problems);
    open.forEach(key -> all.add("nothing was computed for " + key));
    return all;
  }
}
