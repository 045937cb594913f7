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
 * rtol · |want|, but for trained weights, see {@link Tolerance}.
 */
final class Comparison {
  private final @Nullable Safetensors expected;
  private final JsonNode fields;
  private final Set<String> open = new HashSet<>();
  private final List<String> problems = new ArrayList<>();
  private final Some some = new Some();
  private double worst;
  private int compared;

  /** The elements of all arrays of which a share may be outside. */
  private static final class Some {
    long elements;
    long outside;
    double allowed;

    void add(long count, long wrong, double share) {
      elements += count;
      outside += wrong;
      allowed = share;
    }

    /** What is outside as a share of what may be. */
    double worst() {
      return elements == 0 ? 0 : outside / (allowed * elements);
    }
  }

  private Comparison(@Nullable Safetensors expected, JsonNode fields) {
    this.expected = expected;
    this.fields = fields;
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
    Tolerance tolerance = Tolerance.of(fields, name);
    double[] a = got.doubles();
    double[] b = want.doubles();
    int outside = 0;
    double largest = 0;
    double furthest = 0;
    for (int i = 0; i < a.length; i++) {
      double error = a[i] == b[i] ? 0 : Math.abs(a[i] - b[i]);
      double share = error == 0 ? 0 : error / tolerance.at(b[i]);
      if (!(share <= 1)) {
        outside++;
      }
      furthest = Math.max(furthest, error);
      largest = Double.isNaN(share) ? Double.POSITIVE_INFINITY : Math.max(largest, share);
    }
    if (tolerance.share() > 0 && furthest <= tolerance.limit()) {
      some.add(a.length, outside, tolerance.share());
      return;
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
    return Math.max(worst, some.worst());
  }

  /** What does not fit, with what was asked for and not given. */
  List<String> problems() {
    var all = new ArrayList<>(problems);
    if (some.worst() > 1) {
      all.add(some.outside + " of " + some.elements + " trained elements outside");
    }
    open.forEach(key -> all.add("nothing was computed for " + key));
    return all;
  }
}
