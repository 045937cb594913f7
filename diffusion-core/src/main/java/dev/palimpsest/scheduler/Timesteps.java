package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

/** The grids of timesteps, falling, in the three variants that diffusers' classes have. */
final class Timesteps {
  private Timesteps() {}

  /** Whole timesteps: DDPM, DDIM, PNDM. */
  static double[] discrete(SchedulePlan plan, TimestepSpacing otherwise) {
    double[] timesteps = plan.timesteps();
    if (timesteps != null) {
      return whole(timesteps);
    }
    checkArgument(plan.sigmas() == null, "this solver counts in timesteps, not sigmas");
    timesteps = continuous(plan, otherwise);
    for (int i = 0; i < timesteps.length; i++) {
      timesteps[i] = Math.rint(timesteps[i]);
    }
    return timesteps;
  }

  /** As {@link #discrete} for leading and trailing; fractions for linspace: Euler and kin. */
  static double[] continuous(SchedulePlan plan, TimestepSpacing otherwise) {
    double[] explicit = plan.timesteps();
    if (explicit != null) {
      return explicit;
    }
    int total = plan.noiseSchedule().timesteps();
    int n = plan.steps();
    return switch (plan.spacingOr(otherwise)) {
      case LINSPACE -> reversed(linspace(0, total - 1, n));
      case LEADING -> leading(total / n, n, plan.stepsOffset());
      case TRAILING -> trailing(total, (double) total / n);
    };
  }

  /**
   * One interval more than steps, without the clean end: DPM-Solver and kin.
   *
   * @param last the timesteps that are used at most, from 0
   */
  static double[] multistep(SchedulePlan plan, int last) {
    double[] explicit = plan.timesteps();
    if (explicit != null) {
      return whole(explicit);
    }
    int n = plan.steps();
    return switch (plan.spacingOr(TimestepSpacing.LINSPACE)) {
      case LINSPACE -> {
        double[] all = linspace(0, last - 1, n + 1);
        double[] timesteps = new double[n];
        for (int i = 0; i < n; i++) {
          timesteps[i] = Math.rint(all[n - i]);
        }
        yield timesteps;
      }
      case LEADING -> {
        int ratio = last / (n + 1);
        yield leading(ratio, n, plan.stepsOffset() + ratio);
      }
      case TRAILING -> trailing(last, (double) plan.noiseSchedule().timesteps() / n);
    };
  }

  /** As numpy's linspace. */
  static double[] linspace(double start, double end, int count) {
    double[] values = new double[count];
    double step = count == 1 ? 0 : (end - start) / (count - 1);
    for (int i = 0; i < count; i++) {
      values[i] = start + i * step;
    }
    if (count > 1) {
      values[count - 1] = end;
    }
    return values;
  }

  static double[] reversed(double[] values) {
    double[] reversed = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      reversed[i] = values[values.length - 1 - i];
    }
    return reversed;
  }

  private static double[] leading(int ratio, int n, int offset) {
    double[] timesteps = new double[n];
    for (int i = 0; i < n; i++) {
      timesteps[i] = (double) (n - 1 - i) * ratio + offset;
    }
    return timesteps;
  }

  private static double[] trailing(int last, double ratio) {
    double[] timesteps = new double[(int) Math.ceil(last / ratio)];
    for (int i = 0; i < timesteps.length; i++) {
      timesteps[i] = Math.rint(last - i * ratio) - 1;
    }
    return timesteps;
  }

  private static double[] whole(double[] timesteps) {
    for (double t : timesteps) {
      checkArgument(t == Math.rint(t), "this solver needs whole timesteps, got %s", t);
    }
    return timesteps;
  }
}
