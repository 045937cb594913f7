package dev.palimpsest.examples.car.study;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.esd.report.Proportion;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;

/** Proportions in a stage's result. */
final class Shares {
  private Shares() {}

  static Map<String, Object> json(Proportion share) {
    Map<String, Object> json = new TreeMap<>();
    json.put("successes", share.successes());
    json.put("trials", share.trials());
    json.put("low", share.low());
    json.put("high", share.high());
    return json;
  }

  static Proportion of(Config json) {
    return new Proportion(json.integer("successes"), json.integer("trials"));
  }

  /** The share of a name in a result. */
  static Proportion of(Config result, String name) {
    return of(result.object(name));
  }

  static Proportion sum(Collection<Proportion> shares) {
    return new Proportion(
        shares.stream().mapToInt(Proportion::successes).sum(),
        shares.stream().mapToInt(Proportion::trials).sum());
  }
}
