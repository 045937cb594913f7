package dev.palimpsest.scheduler;

import java.util.Map;
import java.util.Set;

/** The schedulers, by factory, by name, or from a checkpoint's configuration. */
public final class Schedulers {
  private Schedulers() {}

  public static Ddim ddim() {
    return new Ddim();
  }

  public static DdimInverse ddimInverse() {
    return new DdimInverse();
  }

  public static Ddpm ddpm() {
    return new Ddpm();
  }

  public static Deis deis() {
    return new Deis(Settings.NONE);
  }

  /** DPM-Solver++ (2M), with its variants as settings. */
  public static DpmSolverMultistep dpmSolverPlusPlus() {
    return new DpmSolverMultistep(Settings.NONE);
  }

  public static DpmSolverSinglestep dpmSolverSinglestep() {
    return new DpmSolverSinglestep(Settings.NONE);
  }

  public static Euler euler() {
    return new Euler();
  }

  public static EulerAncestral eulerAncestral() {
    return new EulerAncestral();
  }

  /** Euler's method for rectified flows, such as Stable Diffusion 3 and Flux. */
  public static FlowMatchEuler flowMatchEuler() {
    return new FlowMatchEuler(Settings.NONE);
  }

  public static Heun heun() {
    return new Heun();
  }

  public static Ipndm ipndm() {
    return new Ipndm();
  }

  public static Kdpm2 kdpm2() {
    return new Kdpm2(false, Settings.NONE);
  }

  public static Kdpm2 kdpm2Ancestral() {
    return new Kdpm2(true, Settings.NONE);
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

  public static SaSolver saSolver() {
    return new SaSolver(Settings.NONE);
  }

  public static Tcd tcd() {
    return new Tcd(Settings.NONE);
  }

  public static UniPc uniPc() {
    return new UniPc(Settings.NONE);
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
