package dev.palimpsest.esd.report;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Collection;
import java.util.Locale;
import java.util.function.Predicate;
import org.apache.commons.math3.stat.interval.ConfidenceInterval;
import org.apache.commons.math3.stat.interval.WilsonScoreInterval;

/**
 * How many of some trials succeeded, with Wilson's 95 % interval (Wilson 1927).
 *
 * @param successes in 0..{@code trials}
 */
public record Proportion(int successes, int trials) {
  private static final double CONFIDENCE = 0.95;

  public Proportion {
    checkArgument(
        trials > 0 && 0 <= successes && successes <= trials, "%s of %s", successes, trials);
  }

  public static <T> Proportion of(Collection<T> trials, Predicate<T> success) {
    return new Proportion((int) trials.stream().filter(success).count(), trials.size());
  }

  public double value() {
    return (double) successes / trials;
  }

  public double low() {
    return interval().getLowerBound();
  }

  public double high() {
    return interval().getUpperBound();
  }

  private ConfidenceInterval interval() {
    return new WilsonScoreInterval().createInterval(trials, successes, CONFIDENCE);
  }

  /** Such as {@code 48.3 % [46.3, 50.3]}. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT, "%.1f %% [%.1f, %.1f]", 100 * value(), 100 * low(), 100 * high());
  }
}
