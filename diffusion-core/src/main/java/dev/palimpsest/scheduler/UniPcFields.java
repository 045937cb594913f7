package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.scheduler.UniPc.SolverType;
import java.util.Set;

/** The fields of UniPC, and the grid that they give a plan. */
record UniPcFields(
    int order,
    SolverType type,
    boolean onDenoised,
    boolean lowerOrderFinal,
    Set<Integer> uncorrected,
    Settings settings,
    SigmaSpacing spacing,
    FinalSigma finalSigma) {
  UniPcFields {
    checkArgument(order >= 1, "the order must be positive, was %s", order);
    boolean toZero = finalSigma == FinalSigma.ZERO;
    checkArgument(
        onDenoised || !toZero, "unipc on the noise cannot end at sigma 0; let it end at SIGMA_MIN");
    checkArgument(
        lowerOrderFinal || order == 1 || !toZero,
        "unipc of order %s cannot end at sigma 0 without lower orders at the end",
        order);
    uncorrected = Set.copyOf(uncorrected);
  }

  /** Values of DPM-Solver and DEIS mean the defaults when their configuration is taken over. */
  static UniPcFields of(Settings settings) {
    settings.refuse("solver_p");
    return new UniPcFields(
        settings.integer("solver_order", 2),
        settings.choice("solver_type", SolverType.BH2, "midpoint", "heun", "logrho"),
        settings.flag("predict_x0", true),
        settings.flag("lower_order_final", true),
        Set.copyOf(settings.integers("disable_corrector")),
        settings,
        SigmaSpacing.of(settings),
        settings.choice("final_sigmas_type", FinalSigma.ZERO));
  }

  NoiseLevels levels(SchedulePlan plan) {
    boolean toZero = finalSigma == FinalSigma.ZERO;
    if (!MultistepGrid.isFlow(plan)) {
      MultistepGrid.End end = toZero ? MultistepGrid.End.ZERO : MultistepGrid.End.LAST;
      return MultistepGrid.of(plan, spacing, end, settings, false);
    }
    double[] sigmas = FlowGrid.unipc(plan, spacing);
    return FlowGrid.whole(plan, sigmas, toZero ? 0 : sigmas[sigmas.length - 1]);
  }
}
