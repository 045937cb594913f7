package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

/** The fields of SA-Solver but for tau, which configurations cannot hold. */
record SaSolverFields(
    int predictorOrder,
    int correctorOrder,
    boolean onDenoised,
    boolean lowerOrderFinal,
    SigmaSpacing spacing) {
  private enum Algorithm {
    DATA_PREDICTION,
    NOISE_PREDICTION
  }

  SaSolverFields {
    check("predictor_order", predictorOrder);
    check("corrector_order", correctorOrder);
  }

  static SaSolverFields of(Settings settings) {
    settings.refuse("tau_func");
    return new SaSolverFields(
        settings.integer("predictor_order", 2),
        settings.integer("corrector_order", 2),
        settings.choice("algorithm_type", Algorithm.DATA_PREDICTION) == Algorithm.DATA_PREDICTION,
        settings.flag("lower_order_final", true),
        SigmaSpacing.of(settings));
  }

  private static void check(String field, int order) {
    checkArgument(1 <= order && order <= 4, "%s must be in 1..4, was %s", field, order);
  }
}
