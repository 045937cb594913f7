package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.scheduler.DpmSolverMultistep.SolverType;
import java.util.Locale;

/** The fields that DPM-Solver has in its singlestep and its multistep form. */
record DpmFields(
    int order,
    DpmAlgorithm algorithm,
    SolverType type,
    SigmaSpacing spacing,
    FinalSigma finalSigma) {
  DpmFields {
    checkArgument(1 <= order && order <= 3, "the order must be in 1..3, was %s", order);
    checkArgument(
        order < 3 || algorithm != DpmAlgorithm.SDE_DPMSOLVER, "%s has no third order", algorithm);
    checkArgument(
        algorithm.onDenoised() || finalSigma == FinalSigma.SIGMA_MIN,
        "%s cannot end at sigma 0; let it end at SIGMA_MIN",
        algorithm);
  }

  /** Values of DEIS and UniPC mean the defaults when their configuration is taken over. */
  static DpmFields of(Settings settings) {
    return new DpmFields(
        settings.integer("solver_order", 2),
        settings.choice("algorithm_type", DpmAlgorithm.DPMSOLVER_PLUS_PLUS, "deis"),
        settings.choice("solver_type", SolverType.MIDPOINT, "logrho", "bh1", "bh2"),
        SigmaSpacing.of(settings),
        settings.choice("final_sigmas_type", FinalSigma.ZERO));
  }

  static Settings with(Settings settings, DpmAlgorithm algorithm, FinalSigma finalSigma) {
    return settings
        .with("algorithm_type", algorithm.toString())
        .with("final_sigmas_type", finalSigma.name().toLowerCase(Locale.ROOT));
  }

  double[] moments(ExponentialStep step, int order) {
    return switch (order) {
      case 1 -> step.moments(1);
      case 2 -> type.moments.apply(step);
      default -> algorithm.thirdOrderMoments(step);
    };
  }

  /** The grid of a plan; see {@link MultistepGrid} for {@code cutOnCosine}. */
  NoiseLevels levels(SchedulePlan plan, boolean cutOnCosine) {
    boolean toZero = finalSigma == FinalSigma.ZERO;
    MultistepGrid.End end = toZero ? MultistepGrid.End.ZERO : MultistepGrid.End.SIGMA_MIN;
    return MultistepGrid.of(plan, spacing, end, Settings.NONE, cutOnCosine);
  }
}
