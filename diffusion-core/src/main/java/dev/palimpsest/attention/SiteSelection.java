package dev.palimpsest.attention;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.attention.AttentionSite.Kind;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Which attention layers an edit changes: by kind, block, resolution or any test of yours.
 * Immutable.
 *
 * <pre>{@code
 * SiteSelection.cross().in("up_blocks", "mid_block").downscaled(2, 4)
 * }</pre>
 */
public final class SiteSelection {
  private final String description;
  private final Predicate<AttentionSite> test;

  private SiteSelection(String description, Predicate<AttentionSite> test) {
    this.description = description;
    this.test = test;
  }

  /** The layers that attend to the text alone. */
  public static SiteSelection cross() {
    return of(Kind.CROSS);
  }

  /** The layers in which the picture attends to itself. */
  public static SiteSelection self() {
    return of(Kind.SELF);
  }

  public static SiteSelection all() {
    return new SiteSelection("all attention", site -> true);
  }

  private static SiteSelection of(Kind kind) {
    return new SiteSelection(
        kind.name().toLowerCase(Locale.ROOT) + "-attention", site -> site.kind() == kind);
  }

  /**
   * Of these, those in one of some blocks or layers.
   *
   * @param blocks beginnings of names, whole between dots: {@code mid_block}, {@code up_blocks.1}
   */
  public SiteSelection in(String... blocks) {
    checkArgument(blocks.length > 0, "name a block, such as mid_block");
    return and(
        " in " + String.join(", ", blocks),
        site ->
            Arrays.stream(blocks).anyMatch(block -> (site.name() + ".").startsWith(block + ".")));
  }

  /** Of these, those whose query tokens stand for squares of such sides, in latents: 1, 2, 4, 8. */
  public SiteSelection downscaled(int... sides) {
    checkArgument(
        sides.length > 0 && Arrays.stream(sides).allMatch(side -> side > 0),
        "sides must be > 0, such as 1, 2, 4; were %s",
        Arrays.toString(sides));
    String text =
        Arrays.stream(sides).mapToObj(side -> "1/" + side).collect(Collectors.joining(", "));
    return and(
        " at " + text, site -> Arrays.stream(sides).anyMatch(side -> side == site.downscale()));
  }

  /**
   * Of these, those that pass a test.
   *
   * @param description for errors and provenance
   */
  public SiteSelection where(String description, Predicate<AttentionSite> test) {
    return and(" " + description, test);
  }

  private SiteSelection and(String more, Predicate<AttentionSite> other) {
    return new SiteSelection(description + more, test.and(other));
  }

  public boolean selects(AttentionSite site) {
    return test.test(site);
  }

  @Override
  public String toString() {
    return description;
  }
}
