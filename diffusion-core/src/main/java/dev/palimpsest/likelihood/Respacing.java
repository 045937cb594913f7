package dev.palimpsest.likelihood;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.base.CharMatcher;
import com.google.common.base.Splitter;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Which steps of a long diffusion process a shorter one keeps (Nichol and Dhariwal 2021, section
 * 4). Immutable.
 *
 * @param timesteps those kept, rising, from 0
 */
public record Respacing(List<Integer> timesteps) {

  /**
   * @throws IllegalArgumentException if there are none, or they do not rise, or one is negative
   */
  public Respacing {
    timesteps = List.copyOf(timesteps);
    checkArgument(!timesteps.isEmpty(), "a respaced process needs at least one timestep");
    for (int i = 0; i < timesteps.size(); i++) {
      int least = i == 0 ? 0 : timesteps.get(i - 1) + 1;
      checkArgument(
          timesteps.get(i) >= least,
          "timesteps must rise from 0, but %s is at index %s of %s",
          timesteps.get(i),
          i,
          timesteps);
    }
  }

  /**
   * The respacing of a description, as improved-diffusion's {@code space_timesteps} reads it:
   *
   * <ul>
   *   <li>{@code "ddimN"}: N steps a whole stride apart, from 0 (Song et al. 2021);
   *   <li>{@code "10,15,20"}: the process in so many sections of about equal length, and how many
   *       steps of each are kept, evenly, its first and last among them.
   * </ul>
   *
   * @param steps of the process to respace
   * @throws IllegalArgumentException if no whole stride gives N steps, a section is shorter than
   *     its count, or the description is neither
   */
  public static Respacing parse(int steps, String description) {
    checkArgument(steps > 0, "a process to respace needs at least one step, got %s", steps);
    if (description.startsWith("ddim")) {
      return strided(steps, number(description, description.substring(4)));
    }
    List<Integer> counts = new ArrayList<>();
    for (String count : Splitter.on(',').trimResults().split(description)) {
      counts.add(number(description, count));
    }
    return sections(steps, counts);
  }

  /** All steps of a process. */
  public static Respacing all(int steps) {
    return sections(steps, List.of(steps));
  }

  private static int number(String description, String digits) {
    checkArgument(
        !digits.isEmpty()
            && digits.length() < 10
            && CharMatcher.inRange('0', '9').matchesAllOf(digits),
        "respacing \"%s\" is neither ddimN nor counts of sections such as 10,15,20",
        description);
    return Integer.parseInt(digits);
  }

  private static Respacing strided(int steps, int count) {
    for (int stride = 1; stride < steps; stride++) {
      if ((steps - 1) / stride + 1 == count) {
        List<Integer> kept = new ArrayList<>();
        for (int t = 0; t < steps; t += stride) {
          kept.add(t);
        }
        return new Respacing(kept);
      }
    }
    throw new IllegalArgumentException("no whole stride makes " + count + " steps out of " + steps);
  }

  private static Respacing sections(int steps, List<Integer> counts) {
    var kept = new TreeSet<Integer>();
    int start = 0;
    for (int i = 0; i < counts.size(); i++) {
      int count = counts.get(i);
      int size = steps / counts.size() + (i < steps % counts.size() ? 1 : 0);
      checkArgument(
          count <= size, "section %s has %s steps, of which %s cannot be kept", i, size, count);
      double stride = count <= 1 ? 1 : (double) (size - 1) / (count - 1);
      double at = 0;
      for (int k = 0; k < count; k++) {
        kept.add(start + (int) Math.rint(at));
        at += stride;
      }
      start += size;
    }
    return new Respacing(List.copyOf(kept));
  }

  /** The timesteps as a run of a scheduler takes them: falling. */
  public double[] falling() {
    double[] falling = new double[timesteps.size()];
    for (int i = 0; i < falling.length; i++) {
      falling[i] = timesteps.get(falling.length - 1 - i);
    }
    return falling;
  }
}
