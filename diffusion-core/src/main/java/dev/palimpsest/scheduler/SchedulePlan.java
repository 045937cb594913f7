package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Locale;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * What a run of any solver is made from: the noise schedule and the prediction type of the network,
 * a number of steps or explicit timesteps or sigmas, and where to start.
 *
 * <p>Immutable; each {@code with}-like method gives another plan. What is not set (spacing,
 * clipping, ...) is as the solver's class in diffusers has it by default.
 */
public final class SchedulePlan {
  private final NoiseSchedule noiseSchedule;
  private final PredictionType predictionType;
  private final int steps;
  private final double @Nullable [] timesteps;
  private final double @Nullable [] sigmas;
  private final int startStep;
  private final double mu;
  private final Settings settings;

  private SchedulePlan(
      NoiseSchedule noiseSchedule,
      PredictionType predictionType,
      int steps,
      double @Nullable [] timesteps,
      double @Nullable [] sigmas,
      int startStep,
      double mu,
      Settings settings) {
    this.noiseSchedule = noiseSchedule;
    this.predictionType = predictionType;
    this.steps = steps;
    this.timesteps = timesteps;
    this.sigmas = sigmas;
    this.startStep = startStep;
    this.mu = mu;
    this.settings = settings;
  }

  /**
   * A plan of a number of steps.
   *
   * @throws IllegalArgumentException if {@code steps} is not in 1 .. the training timesteps
   */
  public static SchedulePlan steps(NoiseSchedule schedule, PredictionType type, int steps) {
    return steps(schedule, type, steps, Settings.NONE);
  }

  /**
   * A plan with the given timesteps.
   *
   * @throws IllegalArgumentException if they do not fall strictly or leave the training timesteps
   */
  public static SchedulePlan timesteps(
      NoiseSchedule schedule, PredictionType type, double... timesteps) {
    return timesteps(schedule, type, timesteps, Settings.NONE);
  }

  /**
   * A plan with the given noise levels, the last one being that of the result, normally 0.
   *
   * @throws IllegalArgumentException if they do not fall strictly, are negative or fewer than two
   */
  public static SchedulePlan sigmas(NoiseSchedule schedule, PredictionType type, double... sigmas) {
    return sigmas(schedule, type, sigmas, Settings.NONE);
  }

  static SchedulePlan steps(
      NoiseSchedule schedule, PredictionType type, int steps, Settings settings) {
    checkArgument(
        1 <= steps && steps <= schedule.timesteps(),
        "the number of steps must be in 1..%s (the training timesteps), was %s",
        schedule.timesteps(),
        steps);
    return new SchedulePlan(schedule, type, steps, null, null, 0, Double.NaN, settings);
  }

  static SchedulePlan timesteps(
      NoiseSchedule schedule, PredictionType type, double[] timesteps, Settings settings) {
    checkArgument(timesteps.length > 0, "no timesteps given");
    checkFalling("timesteps", timesteps);
    // Flows begin at pure noise, which is one after the last timestep of training.
    boolean flow = type == PredictionType.FLOW_PREDICTION;
    int largest = flow ? schedule.timesteps() : schedule.timesteps() - 1;
    checkArgument(
        timesteps[0] <= largest && timesteps[timesteps.length - 1] >= 0,
        "timesteps must be in 0..%s, go from %s to %s",
        largest,
        timesteps[0],
        timesteps[timesteps.length - 1]);
    return new SchedulePlan(
        schedule, type, timesteps.length, timesteps.clone(), null, 0, Double.NaN, settings);
  }

  static SchedulePlan sigmas(
      NoiseSchedule schedule, PredictionType type, double[] sigmas, Settings settings) {
    checkArgument(
        sigmas.length >= 2, "sigmas must be at least two, first to final, got %s", sigmas.length);
    checkFalling("sigmas", sigmas);
    checkArgument(sigmas[sigmas.length - 1] >= 0, "sigmas must not be negative");
    return new SchedulePlan(
        schedule, type, sigmas.length - 1, null, sigmas.clone(), 0, Double.NaN, settings);
  }

  /** This plan for a run that leaves out the first {@code step} solver steps. */
  public SchedulePlan startStep(int step) {
    checkArgument(
        0 <= step && step < steps, "the start step must be in 0..%s, was %s", steps - 1, step);
    return new SchedulePlan(
        noiseSchedule, predictionType, steps, timesteps, sigmas, step, mu, settings);
  }

  /**
   * This plan for image-to-image: it makes the last {@code (int) (steps * strength)} steps.
   *
   * @param strength in 0..1; 1 makes all steps
   * @throws IllegalArgumentException if no step is left
   */
  public SchedulePlan strength(double strength) {
    checkArgument(0 <= strength && strength <= 1, "strength must be in 0..1, was %s", strength);
    int remaining = Math.min((int) (steps * strength), steps);
    checkArgument(
        remaining > 0,
        "strength %s leaves none of %s steps; raise one of them",
        Double.toString(strength),
        steps);
    return startStep(steps - remaining);
  }

  /** This plan with a shift of the timesteps, for flow matching with dynamic shifting. */
  public SchedulePlan mu(double mu) {
    return new SchedulePlan(
        noiseSchedule, predictionType, steps, timesteps, sigmas, startStep, mu, settings);
  }

  /**
   * This plan for a network of rectified flows, for solvers that otherwise count in sigmas of the
   * noise schedule: DPM-Solver, DEIS, UniPC, SA-Solver.
   *
   * @param shift the fixed shift towards noise; 1 is none
   */
  public SchedulePlan flowSigmas(double shift) {
    checkArgument(shift > 0, "the shift must be positive, was %s", shift);
    return with(settings.with("use_flow_sigmas", true).with("flow_shift", shift));
  }

  public SchedulePlan spacing(TimestepSpacing spacing) {
    return with(settings.with("timestep_spacing", spacing.name().toLowerCase(Locale.ROOT)));
  }

  /** This plan with {@code offset} added to timesteps of {@link TimestepSpacing#LEADING}. */
  public SchedulePlan stepsOffset(int offset) {
    return with(settings.with("steps_offset", offset));
  }

  /** This plan with the estimates clipped so, by solvers that clip at all. */
  public SchedulePlan clipping(Clipping clipping) {
    return with(
        settings
            .with("clip_sample", clipping.kind() == Clipping.Kind.CLIP)
            .with("clip_sample_range", clipping.range())
            .with("thresholding", clipping.kind() == Clipping.Kind.DYNAMIC)
            .with("dynamic_thresholding_ratio", clipping.ratio())
            .with("sample_max_value", clipping.max()));
  }

  /** This plan for a network whose second half of output channels is its variance, or not. */
  public SchedulePlan learnedVariance(boolean learned) {
    return with(settings.with("variance_type", learned ? "learned_range" : "fixed_small"));
  }

  public NoiseSchedule noiseSchedule() {
    return noiseSchedule;
  }

  public PredictionType predictionType() {
    return predictionType;
  }

  /** The number of steps of the whole grid, whichever way it was given. */
  public int steps() {
    return steps;
  }

  /** The explicit timesteps, falling; null where there are none. */
  public double @Nullable [] timesteps() {
    return timesteps == null ? null : timesteps.clone();
  }

  /** The explicit sigmas, falling, with the final one; null where there are none. */
  public double @Nullable [] sigmas() {
    return sigmas == null ? null : sigmas.clone();
  }

  public int startStep() {
    return startStep;
  }

  public OptionalDouble mu() {
    return Double.isNaN(mu) ? OptionalDouble.empty() : OptionalDouble.of(mu);
  }

  /** The spacing that is set, or the solver's own. */
  public TimestepSpacing spacingOr(TimestepSpacing otherwise) {
    return settings.choice("timestep_spacing", otherwise);
  }

  public int stepsOffset() {
    return settings.integer("steps_offset", 0);
  }

  public boolean learnedVariance() {
    return settings.text("variance_type", "fixed").startsWith("learned");
  }

  /** What is set, for solvers that know a fixed range and dynamic thresholding. */
  public Clipping clippingOr(boolean clipSample) {
    Clipping dynamic = thresholding();
    return dynamic.kind() == Clipping.Kind.DYNAMIC ? dynamic : clipSample(clipSample);
  }

  Clipping clipSample(boolean otherwise) {
    return settings.flag("clip_sample", otherwise)
        ? Clipping.to(settings.number("clip_sample_range", 1))
        : Clipping.NONE;
  }

  Clipping thresholding() {
    return settings.flag("thresholding", false)
        ? Clipping.dynamic(
            settings.number("dynamic_thresholding_ratio", 0.995),
            settings.number("sample_max_value", 1))
        : Clipping.NONE;
  }

  /** ᾱ before the first timestep: 1, or that of timestep 0 ({@code set_alpha_to_one}). */
  float finalAlphaCumprod(boolean one) {
    return settings.flag("set_alpha_to_one", one) ? 1 : noiseSchedule.alphaCumprod(0);
  }

  Settings settings() {
    return settings;
  }

  private SchedulePlan with(Settings other) {
    return new SchedulePlan(
        noiseSchedule, predictionType, steps, timesteps, sigmas, startStep, mu, other);
  }

  private static void checkFalling(String what, double[] values) {
    for (int i = 1; i < values.length; i++) {
      checkArgument(
          values[i] < values[i - 1],
          "%s must fall, but %s follows %s at index %s",
          what,
          values[i],
          values[i - 1],
          i);
    }
  }
}
