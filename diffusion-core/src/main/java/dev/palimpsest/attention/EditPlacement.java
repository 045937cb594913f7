package dev.palimpsest.attention;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import java.util.Locale;

/**
 * Where and when an edit acts. Immutable.
 *
 * @param sites the layers
 * @param from the share of the steps after which it begins, 0 to 1
 * @param to the share of the steps after which it ends, 0 to 1
 * @param half of the guidance pair
 * @param guidanceScale s of a term s·(ê − ê_edited) that is added to the prediction, where the edit
 *     then acts on a further evaluation of the conditional half and on nothing else; 0 for none
 */
public record EditPlacement(
    SiteSelection sites, double from, double to, GuidanceHalf half, double guidanceScale) {
  /** All cross-attention, all steps, the conditional half. */
  public static final EditPlacement DEFAULT =
      new EditPlacement(SiteSelection.cross(), 0, 1, GuidanceHalf.CONDITIONAL, 0);

  public EditPlacement {
    requireNonNull(sites);
    requireNonNull(half);
    checkArgument(
        0 <= from && from <= to && to <= 1,
        "an edit acts during shares 0 <= from <= to <= 1 of the steps, were %s and %s",
        from,
        to);
    checkArgument(
        Double.isFinite(guidanceScale), "the guidance scale must be finite, was %s", guidanceScale);
  }

  EditPlacement at(SiteSelection other) {
    return new EditPlacement(other, from, to, half, guidanceScale);
  }

  EditPlacement during(double begin, double end) {
    return new EditPlacement(sites, begin, end, half, guidanceScale);
  }

  EditPlacement on(GuidanceHalf other) {
    return new EditPlacement(sites, from, to, other, guidanceScale);
  }

  EditPlacement guidingAway(double scale) {
    checkArgument(
        half == GuidanceHalf.CONDITIONAL,
        "what is guided away from is an edit of the conditional half, not of %s",
        half);
    return new EditPlacement(sites, from, to, half, scale);
  }

  /** Whether the edit acts in the step, counted from 0. */
  public boolean actsIn(int step, int steps) {
    double share = (double) step / steps;
    return from <= share && share < to;
  }

  public boolean guides() {
    return guidanceScale != 0;
  }

  @Override
  public String toString() {
    var text = new StringBuilder("at ").append(sites);
    if (from > 0 || to < 1) {
      text.append(String.format(Locale.ROOT, " during %s to %s of the steps", from, to));
    }
    if (half != GuidanceHalf.CONDITIONAL) {
      text.append(", half ").append(half);
    }
    return guides()
        ? text.append(", guiding away by ").append(guidanceScale).toString()
        : text.toString();
  }
}
