package dev.palimpsest.examples.car.study;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.List;
import java.util.Map;

/**
 * How many points of a share are lost between two models that drew the same prompts with the same
 * seeds, with a 95 % interval of the paired difference (Wald; Agresti 2002, equation 10.1).
 *
 * @param lost pictures that were right only before
 * @param gained pictures that are right only now
 * @param pairs pictures of each
 */
record PairedLoss(int lost, int gained, int pairs) {
  private static final double DEVIATIONS = 1.96;

  static PairedLoss of(List<Boolean> before, List<Boolean> now) {
    checkArgument(
        before.size() == now.size() && !now.isEmpty(), "%s and %s", before.size(), now.size());
    int lost = 0;
    int gained = 0;
    for (int i = 0; i < now.size(); i++) {
      lost += before.get(i) && !now.get(i) ? 1 : 0;
      gained += now.get(i) && !before.get(i) ? 1 : 0;
    }
    return new PairedLoss(lost, gained, now.size());
  }

  /** In points of 100. */
  double points() {
    return 100.0 * (lost - gained) / pairs;
  }

  /** Half the width of the interval. */
  double margin() {
    double difference = lost - gained;
    double variance = (lost + gained - difference * difference / pairs) / pairs / pairs;
    return 100 * DEVIATIONS * Math.sqrt(variance);
  }

  Map<String, Object> json() {
    return Map.of("points", points(), "margin", margin(), "pairs", pairs);
  }
}
