package dev.palimpsest.scheduler;

import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** A built-in solver: its name, diffusers' class names, how it is made from a configuration. */
record Solver(String name, List<String> classNames, Function<Settings, Scheduler> maker)
    implements SchedulerProvider {

  static final List<SchedulerProvider> ALL =
      List.of(
          of("ddim", "DDIMScheduler", settings -> new Ddim()),
          of("ddpm", "DDPMScheduler", settings -> new Ddpm()),
          of("dpmsolver++", "DPMSolverMultistepScheduler", DpmSolverMultistep::new),
          of("euler", "EulerDiscreteScheduler", Euler::of),
          of(
              "euler_ancestral",
              "EulerAncestralDiscreteScheduler",
              settings -> new EulerAncestral()),
          of("heun", "HeunDiscreteScheduler", Heun::of),
          of("lcm", "LCMScheduler", LatentConsistency::of),
          of("lms", "LMSDiscreteScheduler", LinearMultistep::of),
          of("pndm", "PNDMScheduler", Pndm::of));

  private static Solver of(String name, String className, Function<Settings, Scheduler> maker) {
    return new Solver(name, List.of(className), maker);
  }

  @Override
  public Scheduler create(Map<String, Object> config) {
    return maker.apply(new Settings(config));
  }
}
