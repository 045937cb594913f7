package dev.palimpsest.scheduler;

import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * A built-in solver: its name, diffusers' class name, how it is made from a configuration, and what
 * that class has as defaults of the noise schedule and the prediction type where they are not the
 * usual ones.
 */
record Solver(
    String name,
    List<String> classNames,
    Function<Settings, Scheduler> maker,
    Map<String, Object> defaults)
    implements SchedulerProvider {

  private static final Map<String, Object> SMALL_BETAS =
      Map.of("beta_start", 0.00085, "beta_end", 0.012);

  private static final Map<String, Object> LATENT =
      Map.of("beta_schedule", "scaled_linear", "beta_start", 0.00085, "beta_end", 0.012);

  private static final Map<String, Object> FLOW = Map.of("prediction_type", "flow_prediction");

  private static final Map<String, Object> VELOCITY = Map.of("prediction_type", "v_prediction");

  static final List<SchedulerProvider> ALL =
      List.of(
          of("ddim", "DDIMScheduler", settings -> new Ddim()),
          of("ddim_inverse", "DDIMInverseScheduler", settings -> new DdimInverse()),
          of("ddpm", "DDPMScheduler", settings -> new Ddpm()),
          of("deis", "DEISMultistepScheduler", Deis::new),
          of("dpmsolver++", "DPMSolverMultistepScheduler", DpmSolverMultistep::new),
          of("dpmsolver_singlestep", "DPMSolverSinglestepScheduler", DpmSolverSinglestep::new),
          of("euler", "EulerDiscreteScheduler", Euler::of),
          of(
              "euler_ancestral",
              "EulerAncestralDiscreteScheduler",
              settings -> new EulerAncestral()),
          of("flow_match_euler", "FlowMatchEulerDiscreteScheduler", FlowMatchEuler::new, FLOW),
          of("heun", "HeunDiscreteScheduler", Heun::of, SMALL_BETAS),
          of("ipndm", "IPNDMScheduler", Ipndm::of, VELOCITY),
          of("kdpm2", "KDPM2DiscreteScheduler", s -> new Kdpm2(false, s), SMALL_BETAS),
          of(
              "kdpm2_ancestral",
              "KDPM2AncestralDiscreteScheduler",
              s -> new Kdpm2(true, s),
              SMALL_BETAS),
          of("lcm", "LCMScheduler", LatentConsistency::of, LATENT),
          of("lms", "LMSDiscreteScheduler", LinearMultistep::of),
          of("pndm", "PNDMScheduler", Pndm::of),
          of("sa_solver", "SASolverScheduler", SaSolver::new),
          of("tcd", "TCDScheduler", Tcd::new, LATENT),
          of("unipc", "UniPCMultistepScheduler", UniPc::new));

  private static Solver of(String name, String className, Function<Settings, Scheduler> maker) {
    return of(name, className, maker, Map.of());
  }

  private static Solver of(
      String name,
      String className,
      Function<Settings, Scheduler> maker,
      Map<String, Object> defaults) {
    return new Solver(name, List.of(className), maker, defaults);
  }

  @Override
  public Scheduler create(Map<String, Object> config) {
    return maker.apply(new Settings(config));
  }
}
