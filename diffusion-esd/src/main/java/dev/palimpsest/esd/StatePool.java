package dev.palimpsest.esd;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.esd.FrozenBase.Evaluation;
import dev.palimpsest.esd.FrozenBase.Walk;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.training.SeededStream;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Noisy states x_t from trajectories of the frozen base of which each serves several times: it is
 * denoised once, its timesteps are used in random order, none twice, and others follow when it is
 * used up. A few trajectories are used in turn. One thread.
 *
 * <p>All is decided by the seed and the number of the use, so a resumed run computes again what it
 * needs and gets what an unbroken one had.
 */
final class StatePool implements StateSource {
  private static final int AT_ONCE = 4;

  private final FrozenBase base;
  private final long seed;
  private final int usesEach;
  private final int atOnce;
  private final Map<String, Block> blocks = new HashMap<>();

  /** The trajectories of a lesson that are in use. */
  private record Block(long number, Map<Integer, Trajectory> trajectories) {}

  /**
   * @param order the evaluations that are used, in this order
   */
  private record Trajectory(int[] order, Map<Integer, Evaluation> evaluations) {}

  /**
   * @param usesEach how often a trajectory serves; at most as often as it is evaluated
   * @param uses of one lesson in the whole run, at least 1
   */
  StatePool(FrozenBase base, long seed, int usesEach, long uses) {
    checkArgument(usesEach >= 1, "the uses of a trajectory must be >= 1, were %s", usesEach);
    this.base = base;
    this.seed = seed;
    this.usesEach = (int) Math.min(Math.min(usesEach, base.evaluations()), uses);
    this.atOnce = (int) Math.min(AT_ONCE, (uses + this.usesEach - 1) / this.usesEach);
  }

  @Override
  public Evaluation state(Lesson lesson, long use, long item, Cancellation cancellation) {
    long size = (long) usesEach * atOnce;
    Block block =
        requireNonNull(
            blocks.compute(
                lesson.name(),
                (name, old) ->
                    old != null && old.number == use / size
                        ? old
                        : new Block(use / size, new HashMap<>())));
    int place = (int) (use % size);
    int slot = place % atOnce;
    Trajectory trajectory = block.trajectories.get(slot);
    if (trajectory == null) {
      trajectory = trajectory(lesson, block.number * atOnce + slot, cancellation);
      block.trajectories.put(slot, trajectory);
    }
    return requireNonNull(trajectory.evaluations.get(trajectory.order[place / atOnce]));
  }

  private Trajectory trajectory(Lesson lesson, long number, Cancellation cancellation) {
    var random = SeededStream.of(seed, "trajectory of " + lesson.name(), number);
    int[] order = Arrays.copyOf(random.permutation(base.evaluations()), usesEach);
    Set<Integer> wanted =
        Arrays.stream(order).boxed().collect(Collectors.toCollection(LinkedHashSet::new));
    return new Trajectory(
        order,
        base.denoise(
            lesson, random.gaussian(base.latents()), random, new Walk(wanted, cancellation)));
  }
}
