package dev.palimpsest.scheduler;

import java.util.List;
import java.util.Map;

/**
 * A checkpoint's {@code scheduler_config.json}: the noise schedule and the prediction type of its
 * network, how timesteps are to be picked, and a solver, which can be exchanged. Immutable.
 *
 * <p>Missing fields are as diffusers 0.42.1 has them by default for the class in question.
 */
public final class SchedulerConfig {
  private final Settings settings;
  private final Scheduler scheduler;
  private final NoiseSchedule noiseSchedule;
  private final PredictionType predictionType;

  private SchedulerConfig(
      Settings settings,
      Scheduler scheduler,
      NoiseSchedule noiseSchedule,
      PredictionType predictionType) {
    this.settings = settings;
    this.scheduler = scheduler;
    this.noiseSchedule = noiseSchedule;
    this.predictionType = predictionType;
  }

  static SchedulerConfig of(Map<String, Object> config) {
    Settings settings = new Settings(config);
    String className = settings.text("_class_name", "");
    KnownProvider provider = Providers.ofClass(className);
    Settings completed = settings;
    if (provider.provider() instanceof Solver) {
      SchedulerFields.check(className, config);
      completed = settings.or(((Solver) provider.provider()).defaults());
    }
    return new SchedulerConfig(
        settings, provider.create(settings.asMap()), schedule(completed), prediction(completed));
  }

  /** The solver. */
  public Scheduler scheduler() {
    return scheduler;
  }

  public NoiseSchedule noiseSchedule() {
    return noiseSchedule;
  }

  public PredictionType predictionType() {
    return predictionType;
  }

  /** The fields as they were read. */
  public Map<String, Object> asMap() {
    return settings.asMap();
  }

  /** This configuration with another solver, which keeps its own fields as they are. */
  public SchedulerConfig with(Scheduler other) {
    return new SchedulerConfig(settings, other, noiseSchedule, predictionType);
  }

  /**
   * This configuration with the solver of a name, which takes over the fields that it knows, as
   * diffusers' {@code from_config} does.
   *
   * @throws IllegalArgumentException if the name is not known; the message lists the known
   */
  public SchedulerConfig with(String name) {
    return with(Providers.ofName(name).create(settings.asMap()));
  }

  /** This configuration for a network that predicts something else. */
  public SchedulerConfig with(PredictionType other) {
    return new SchedulerConfig(settings, scheduler, noiseSchedule, other);
  }

  /** A plan of this many steps; see {@link SchedulePlan#steps}. */
  public SchedulePlan plan(int steps) {
    return SchedulePlan.steps(noiseSchedule, predictionType, steps, settings);
  }

  /** A plan with these timesteps; see {@link SchedulePlan#timesteps}. */
  public SchedulePlan planTimesteps(double... timesteps) {
    return SchedulePlan.timesteps(noiseSchedule, predictionType, timesteps, settings);
  }

  /** A plan with these noise levels; see {@link SchedulePlan#sigmas}. */
  public SchedulePlan planSigmas(double... sigmas) {
    return SchedulePlan.sigmas(noiseSchedule, predictionType, sigmas, settings);
  }

  private static NoiseSchedule schedule(Settings settings) {
    NoiseSchedule schedule;
    List<Double> betas = settings.numbers("trained_betas");
    if (betas != null) {
      float[] values = new float[betas.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = betas.get(i).floatValue();
      }
      schedule = NoiseSchedule.ofBetas(values);
    } else {
      schedule =
          NoiseSchedule.named(
              settings.text("beta_schedule", "linear"),
              settings.integer("num_train_timesteps", 1000),
              settings.number("beta_start", 0.0001),
              settings.number("beta_end", 0.02));
    }
    return settings.flag("rescale_betas_zero_snr", false) ? schedule.zeroTerminalSnr() : schedule;
  }

  private static PredictionType prediction(Settings settings) {
    // Configurations before diffusers 0.9 say predict_epsilon instead.
    boolean epsilon = settings.flag("predict_epsilon", true);
    return settings.choice(
        "prediction_type", epsilon ? PredictionType.EPSILON : PredictionType.SAMPLE);
  }

  @Override
  public String toString() {
    return scheduler.name() + " on " + noiseSchedule + ", " + predictionType;
  }
}
