package dev.palimpsest.scheduler;

/** What the two forms of {@link Pndm} share: the multistep and the transfer part. */
abstract class PndmRun extends SolverRun {
  /** The last outputs of the network. */
  final Recent ets = new Recent(4);

  /**
   * @param evaluated the timestep of each evaluation
   */
  PndmRun(SchedulePlan plan, double[] evaluated) {
    super(plan, NoiseLevels.of(plan.noiseSchedule(), evaluated));
  }

  final int interval() {
    return plan.noiseSchedule().timesteps() / plan.steps();
  }

  /** One multistep (formula 12) from timestep t to the next. */
  final float[] multistep(float[] x, int t) {
    return transfer(x, t, t - interval(), Linear.adamsBashforth(ets.values()));
  }

  /**
   * The transfer part (formula 9), from timestep t to a previous one.
   *
   * @param output is overwritten, and returned
   */
  final float[] transfer(float[] x, int t, int previous, float[] output) {
    double alphaBar = plan.noiseSchedule().alphaCumprod(t);
    double alphaBarPrev =
        previous >= 0 ? plan.noiseSchedule().alphaCumprod(previous) : plan.finalAlphaCumprod(false);
    double alpha = Math.sqrt(alphaBar);
    double sigma = Math.sqrt(1 - alphaBar);
    double ratio = Math.sqrt(alphaBarPrev) / alpha;
    if (plan.predictionType() == PredictionType.V_PREDICTION) {
      Linear.mix((float) alpha, output, (float) sigma, x);
    }
    float ofEpsilon = (float) (Math.sqrt(1 - alphaBarPrev) - ratio * sigma);
    Linear.mix(ofEpsilon, output, (float) ratio, x);
    return output;
  }
}
