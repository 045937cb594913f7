package dev.palimpsest.examples;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import dev.palimpsest.likelihood.BitsPerDim;
import dev.palimpsest.likelihood.StepTerm;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A bound as text: a table with the steps in bands, lines of comma-separated values, or a JSON
 * object. Terms are bits per dimension.
 */
record LikelihoodReport(BitsPerDim bits) {
  private static final String ROW = "  %-26s %12s%n";

  /** With the standard error, where there is one. */
  String total() {
    return format("%.4f", bits.total()) + error();
  }

  private String error() {
    return bits.standardError().isPresent()
        ? format(" ± %.4f", bits.standardError().getAsDouble())
        : "";
  }

  String table() {
    var text = new StringBuilder();
    text.append(format(ROW, "term", "bits/dim"));
    text.append(format(ROW, "prior", number(bits.prior())));
    text.append(format(ROW, "transitions", number(bits.transitions())));
    text.append(format(ROW, "decoder", number(bits.decoder())));
    text.append(format("  %-26s %12.4f%s%n", "total", bits.total(), error()));
    text.append(format("  %-26s %12s %12s %12s%n", "steps", "mean term", "L_simple", "x0 error"));
    for (List<StepTerm> band : bands()) {
      text.append(
          format(
              "  %-26s %12s %12s %12s%n",
              steps(band),
              number(band.stream().mapToDouble(StepTerm::bits).average().orElseThrow()),
              number(band.stream().mapToDouble(StepTerm::simple).average().orElseThrow()),
              number(band.stream().mapToDouble(StepTerm::denoisedError).average().orElseThrow())));
    }
    return text.toString();
  }

  /** The transitions' terms, each band twice as long as the next, the last steps first. */
  private List<List<StepTerm>> bands() {
    Map<Integer, List<StepTerm>> bands = new LinkedHashMap<>();
    for (StepTerm term : bits.terms()) {
      if (term.step() > 0) {
        int band = Integer.numberOfLeadingZeros(term.step());
        bands.computeIfAbsent(band, b -> new ArrayList<>()).add(term);
      }
    }
    return List.copyOf(bands.values());
  }

  private static String steps(List<StepTerm> band) {
    int first = band.get(0).step();
    int last = band.get(band.size() - 1).step();
    return first == last ? "" + first : first + " .. " + last;
  }

  String csv() {
    var text = new StringBuilder("step,timestep,bits,simple,denoised_error,epsilon_error\n");
    for (StepTerm term : bits.terms()) {
      text.append(term.step()).append(',').append(term.timestep());
      text.append(',').append(term.bits()).append(',').append(term.simple());
      text.append(',').append(term.denoisedError()).append(',').append(term.epsilonError());
      text.append('\n');
    }
    return text.toString();
  }

  String json() {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("bits_per_dim", bits.total());
    bits.standardError().ifPresent(error -> fields.put("standard_error", error));
    fields.put("prior", bits.prior());
    fields.put("transitions", bits.transitions());
    fields.put("decoder", bits.decoder());
    fields.put("dimensions", bits.dimensions());
    fields.put("steps", bits.steps());
    fields.put("terms", bits.terms());
    try {
      return new ObjectMapper()
          .setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .writeValueAsString(fields);
    } catch (JsonProcessingException e) {
      throw new AssertionError(e); // plain values
    }
  }

  private static String number(double value) {
    return value == 0 || Math.abs(value) >= 1e-4 ? format("%.4f", value) : format("%.1e", value);
  }

  private static String format(String form, Object... values) {
    return String.format(Locale.ROOT, form, values);
  }
}
