package dev.palimpsest.scheduler;

import java.util.Map;
import java.util.Set;

/** The schedulers, by factory, by name, or from a checkpoint's configuration. */
public final class Schedulers {
  private Schedulers() {}

  public static Ddim ddim() {
    return new Ddim();
  }

  public static Ddpm ddpm() {
    return new Ddpm();
  }

  /** DPM-Solver++ (2M), with its variants as settings. */
  public static DpmSolverMultistep dpmSolverPlusPlus() {
    return new DpmSolverMultistep(Settings.NONE);
  }

  public static Euler euler() {
    return new Euler();
  }

  public static EulerAncestral eulerAncestral() {
    return new EulerAncestral();
  }

  public static Heun heun() {
    return new Heun();
  }

  public static LatentConsistency lcm() {
    return new LatentConsistency();
  }

  public static LinearMultistep lms() {
    return new LinearMultistep();
  }

  public static Pndm pndm() {
    return new Pndm();
  }

  /**
   * The scheduler of a name with its default fields: a built-in one or that of a {@link
   * SchedulerProvider} on the class path.
   *
   * @throws IllegalArgumentException if the name is not known; the message lists the known
   * @throws IllegalStateException if two providers have the name; the message says where they are
   */
  public static Scheduler byName(String name) {
    return Providers.ofName(name).create(Map.of());
  }

  /**
   * The scheduler and all else that a {@code scheduler_config.json} says.
   *
   * @param config the parsed file, with {@code _class_name}
   * @throws dev.palimpsest.errors.UnsupportedModelException if a class, field or value is not known
   */
  public static SchedulerConfig fromConfig(Map<String, Object> config) {
    return SchedulerConfig.of(config);
  }

  /** The names that {@link #byName} knows, sorted. */
  public static Set<String> names() {
    return Providers.names();
  }
}
