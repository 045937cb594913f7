package dev.palimpsest.testkit;

import static dev.palimpsest.scheduler.DpmAlgorithm.DPMSOLVER;
import static dev.palimpsest.scheduler.DpmAlgorithm.DPMSOLVER_PLUS_PLUS;
import static dev.palimpsest.scheduler.DpmAlgorithm.SDE_DPMSOLVER;
import static dev.palimpsest.scheduler.DpmAlgorithm.SDE_DPMSOLVER_PLUS_PLUS;
import static dev.palimpsest.scheduler.PredictionType.EPSILON;
import static dev.palimpsest.scheduler.PredictionType.FLOW_PREDICTION;
import static dev.palimpsest.scheduler.PredictionType.V_PREDICTION;

import dev.palimpsest.scheduler.DpmAlgorithm;
import dev.palimpsest.scheduler.DpmSolverMultistep;
import dev.palimpsest.scheduler.DpmSolverSinglestep;
import dev.palimpsest.scheduler.FinalSigma;
import dev.palimpsest.scheduler.Scheduler;
import dev.palimpsest.scheduler.Schedulers;
import dev.palimpsest.scheduler.UniPc;
import dev.palimpsest.scheduler.VarianceType;
import java.util.List;

/** The library's own solvers and what they are held to. */
final class BuiltInSchedulers {
  private BuiltInSchedulers() {}

  /**
   * A solver, the order that its paper states, and the band of the order that is measured.
   *
   * @param name the scheduler and how it is set
   * @param paper where its algorithm is from
   */
  record Row(
      String name, Family family, String paper, Scheduler scheduler, SchedulerTraits traits) {}

  /** What kind of integrator a solver is. */
  enum Family {
    ANCESTRAL("ancestral"),
    RUNGE_KUTTA("Runge-Kutta in sigma"),
    ADAMS("linear multistep in sigma"),
    PSEUDO("pseudo linear multistep"),
    EXPONENTIAL("exponential integrator"),
    CONSISTENCY("consistency"),
    FLOW("flow matching");

    final String words;

    Family(String words) {
      this.words = words;
    }
  }

  private static final String DDIM = "Song et al. 2021";
  private static final String EDM = "Karras et al. 2022";
  private static final String DPM = "Lu et al. 2022a";
  private static final String DPM_PP = "Lu et al. 2022b";
  private static final String DEIS = "Zhang and Chen 2023";
  private static final String UNIPC = "Zhao et al. 2023";
  private static final String PNDM = "Liu et al. 2022";
  private static final String SA = "Xue et al. 2023";

  static final List<Row> ROWS =
      List.of(
          row("ddim", Family.EXPONENTIAL, DDIM, Schedulers.ddim(), ode(1, 0.95, 1.05)),
          row(
              "ddim, eta 1",
              Family.ANCESTRAL,
              DDIM,
              Schedulers.ddim().eta(1),
              SchedulerTraits.sde()),
          row(
              "ddim, eta 0.5",
              Family.ANCESTRAL,
              DDIM,
              Schedulers.ddim().eta(0.5),
              SchedulerTraits.sde()),
          row(
              "ddim_inverse",
              Family.EXPONENTIAL,
              "Dhariwal and Nichol 2021",
              Schedulers.ddimInverse(),
              ode(1, 0.9, 1.05)
                  .dataToNoise()
                  .countsOnly()
                  .adapting(plan -> plan.startStep(Math.max(1, plan.startStep())))),
          row("ddpm", Family.ANCESTRAL, "Ho et al. 2020", Schedulers.ddpm(), SchedulerTraits.sde()),
          row(
              "ddpm, fixed large variance",
              Family.ANCESTRAL,
              "Ho et al. 2020",
              Schedulers.ddpm().variance(VarianceType.FIXED_LARGE),
              SchedulerTraits.sde()),
          row(
              "deis, order 1",
              Family.EXPONENTIAL,
              DEIS,
              Schedulers.deis().order(1),
              multi(1, 0.95, 1.05)),
          row("deis, order 2", Family.EXPONENTIAL, DEIS, Schedulers.deis(), multi(2, 1.9, 2.1)),
          row(
              "deis, order 3",
              Family.EXPONENTIAL,
              DEIS,
              Schedulers.deis().order(3),
              multi(3, 2.9, 3.5)),
          row(
              "dpmsolver, order 1",
              Family.EXPONENTIAL,
              DPM,
              dpm(DPMSOLVER, 1),
              multi(1, 0.95, 1.05)),
          row("dpmsolver, order 2", Family.EXPONENTIAL, DPM, dpm(DPMSOLVER, 2), multi(2, 1.9, 2.1)),
          // Half of the second difference's moment, as diffusers takes it, costs an order.
          row("dpmsolver, order 3", Family.EXPONENTIAL, DPM, dpm(DPMSOLVER, 3), multi(3, 1.9, 2.1)),
          row(
              "dpmsolver++, order 1",
              Family.EXPONENTIAL,
              DPM_PP,
              dpm(DPMSOLVER_PLUS_PLUS, 1),
              multi(1, 0.95, 1.05)),
          row(
              "dpmsolver++ (2M)",
              Family.EXPONENTIAL,
              DPM_PP,
              Schedulers.dpmSolverPlusPlus(),
              multi(2, 1.9, 2.1)),
          row(
              "dpmsolver++ (2M), heun",
              Family.EXPONENTIAL,
              DPM_PP,
              Schedulers.dpmSolverPlusPlus().type(DpmSolverMultistep.SolverType.HEUN),
              multi(2, 1.9, 2.1)),
          row(
              "dpmsolver++ (2M), Karras sigmas",
              Family.EXPONENTIAL,
              DPM_PP,
              Schedulers.dpmSolverPlusPlus().karrasSigmas(),
              multi(2, 1.9, 2.3).countsOnly()),
          // As dpmsolver of order 3.
          row(
              "dpmsolver++ (3M)",
              Family.EXPONENTIAL,
              DPM_PP,
              Schedulers.dpmSolverPlusPlus().order(3),
              multi(3, 2.0, 2.25)),
          row("sde-dpmsolver, order 1", Family.EXPONENTIAL, DPM_PP, dpm(SDE_DPMSOLVER, 1), sde()),
          row("sde-dpmsolver, order 2", Family.EXPONENTIAL, DPM_PP, dpm(SDE_DPMSOLVER, 2), sde()),
          row(
              "sde-dpmsolver++, order 1",
              Family.EXPONENTIAL,
              DPM_PP,
              dpm(SDE_DPMSOLVER_PLUS_PLUS, 1),
              sde()),
          row(
              "sde-dpmsolver++ (2M)",
              Family.EXPONENTIAL,
              DPM_PP,
              dpm(SDE_DPMSOLVER_PLUS_PLUS, 2),
              sde()),
          row(
              "sde-dpmsolver++ (3M)",
              Family.EXPONENTIAL,
              DPM_PP,
              dpm(SDE_DPMSOLVER_PLUS_PLUS, 3),
              sde()),
          row(
              "dpmsolver_singlestep, order 1",
              Family.EXPONENTIAL,
              DPM_PP,
              Schedulers.dpmSolverSinglestep().order(1),
              multi(1, 0.95, 1.05)),
          row(
              "dpmsolver_singlestep (2S)",
              Family.EXPONENTIAL,
              DPM_PP,
              Schedulers.dpmSolverSinglestep(),
              multi(2, 1.9, 2.1)),
          row(
              "dpmsolver_singlestep (3S)",
              Family.EXPONENTIAL,
              DPM_PP,
              Schedulers.dpmSolverSinglestep().order(3),
              multi(3, 2.9, 3.1)),
          row(
              "dpmsolver_singlestep (3S), heun",
              Family.EXPONENTIAL,
              DPM_PP,
              Schedulers.dpmSolverSinglestep().order(3).type(DpmSolverMultistep.SolverType.HEUN),
              multi(3, 2.75, 3.0)),
          row(
              "dpmsolver_singlestep, on noise (2S)",
              Family.EXPONENTIAL,
              DPM,
              single(2),
              multi(2, 1.9, 2.1)),
          row(
              "dpmsolver_singlestep, on noise (3S)",
              Family.EXPONENTIAL,
              DPM,
              single(3),
              multi(3, 2.8, 3.1)),
          row("euler", Family.RUNGE_KUTTA, EDM, Schedulers.euler(), ode(1, 0.95, 1.05)),
          row(
              "euler, Karras sigmas",
              Family.RUNGE_KUTTA,
              EDM,
              Schedulers.euler().karrasSigmas(),
              ode(1, 0.95, 1.05).countsOnly()),
          row(
              "euler, churn 20",
              Family.RUNGE_KUTTA,
              EDM, // Evaluated before its noise is added, the network does not see that noise.
              Schedulers.euler().churn(20, 0, 1e9, 1),
              SchedulerTraits.sde().bias(0.15)),
          row(
              "euler_ancestral",
              Family.ANCESTRAL,
              "k-diffusion",
              Schedulers.eulerAncestral(),
              SchedulerTraits.sde()),
          row(
              "flow_match_euler",
              Family.FLOW,
              "Liu et al. 2023",
              Schedulers.flowMatchEuler(),
              flow(ode(1, 0.95, 1.05))),
          row(
              "flow_match_euler, shift 3",
              Family.FLOW,
              "Esser et al. 2024",
              Schedulers.flowMatchEuler().shift(3),
              flow(ode(1, 0.95, 1.05))),
          row(
              "flow_match_euler, stochastic",
              Family.FLOW,
              "Liu et al. 2023",
              Schedulers.flowMatchEuler().stochastic(true),
              flow(SchedulerTraits.consistency())),
          row("heun", Family.RUNGE_KUTTA, EDM, Schedulers.heun(), ode(2, 1.95, 2.1)),
          row(
              "heun, Karras sigmas",
              Family.RUNGE_KUTTA,
              EDM,
              Schedulers.heun().karrasSigmas(),
              ode(2, 1.95, 2.1).countsOnly()),
          // Its first step begins at pure noise, whose sample it takes for zero.
          row("ipndm", Family.PSEUDO, PNDM, Schedulers.ipndm(), ipndm(ode(4, 0.95, 1.05))),
          row("kdpm2", Family.RUNGE_KUTTA, EDM, Schedulers.kdpm2(), ode(2, 1.95, 2.1)),
          row(
              "kdpm2_ancestral",
              Family.ANCESTRAL,
              "k-diffusion",
              Schedulers.kdpm2Ancestral(),
              SchedulerTraits.sde()),
          row(
              "lcm",
              Family.CONSISTENCY,
              "Luo et al. 2023",
              Schedulers.lcm().originalSteps(100),
              SchedulerTraits.consistency()),
          row("lms, order 1", Family.ADAMS, EDM, Schedulers.lms().order(1), multi(1, 0.95, 1.05)),
          // The first steps are of lower orders.
          row("lms, order 2", Family.ADAMS, EDM, Schedulers.lms().order(2), multi(2, 1.9, 2.05)),
          row("lms, order 3", Family.ADAMS, EDM, Schedulers.lms().order(3), multi(3, 2.8, 3.0)),
          row("lms (order 4)", Family.ADAMS, EDM, Schedulers.lms(), multi(4, 3.4, 3.8)),
          row(
              "lms, Karras sigmas",
              Family.ADAMS,
              EDM,
              Schedulers.lms().karrasSigmas(),
              multi(4, 3.4, 3.8).countsOnly()),
          // The transfer part is of second order, as the paper proves.
          row("pndm", Family.PSEUDO, PNDM, Schedulers.pndm(), pndm(ode(2, 1.95, 2.1)).minSteps(4)),
          row(
              "pndm (PLMS)",
              Family.PSEUDO,
              PNDM,
              Schedulers.pndm().skipPrkSteps(true),
              pndm(ode(2, 1.95, 2.1))),
          row("sa_solver", Family.EXPONENTIAL, SA, Schedulers.saSolver(), sde()),
          row("sa_solver, tau 1", Family.EXPONENTIAL, SA, Schedulers.saSolver().tau(t -> 1), sde()),
          row(
              "sa_solver, tau 1, orders 3",
              Family.EXPONENTIAL,
              SA,
              Schedulers.saSolver().orders(3, 3).tau(t -> 1),
              sde()),
          row(
              "tcd, eta 0",
              Family.CONSISTENCY,
              "Zheng et al. 2024",
              Schedulers.tcd().eta(0).originalSteps(100),
              ode(1, 0.95, 1.05)),
          row(
              "tcd",
              Family.CONSISTENCY,
              "Zheng et al. 2024", // A jump of 0.3 of the way to clean is not a small step, however
              // many there are.
              Schedulers.tcd().originalSteps(100),
              SchedulerTraits.sde().bias(0.15)),
          row(
              "tcd, eta 1",
              Family.CONSISTENCY,
              "Zheng et al. 2024",
              Schedulers.tcd().eta(1).originalSteps(100),
              SchedulerTraits.consistency()),
          // The corrector adds an order.
          row(
              "unipc, order 1",
              Family.EXPONENTIAL,
              UNIPC,
              Schedulers.uniPc().order(1),
              multi(2, 1.9, 2.1)),
          row(
              "unipc (order 2, bh2)",
              Family.EXPONENTIAL,
              UNIPC,
              Schedulers.uniPc(),
              multi(3, 2.9, 3.1)),
          row(
              "unipc, bh1",
              Family.EXPONENTIAL,
              UNIPC,
              Schedulers.uniPc().type(UniPc.SolverType.BH1),
              multi(3, 2.9, 3.2)),
          // The steps at both ends are of lower orders.
          row(
              "unipc, order 3",
              Family.EXPONENTIAL,
              UNIPC,
              Schedulers.uniPc().order(3),
              multi(4, 3.1, 3.4)),
          row(
              "unipc, on noise",
              Family.EXPONENTIAL,
              UNIPC,
              Schedulers.uniPc().onNoise(),
              multi(3, 2.9, 3.1)));

  private static Row row(
      String name, Family family, String paper, Scheduler scheduler, SchedulerTraits traits) {
    return new Row(name, family, paper, scheduler, traits);
  }

  private static SchedulerTraits ode(double order, double from, double to) {
    return SchedulerTraits.ode(order).measuredOrder(from, to);
  }

  private static SchedulerTraits multi(double order, double from, double to) {
    return ode(order, from, to).multistep();
  }

  private static SchedulerTraits sde() {
    return SchedulerTraits.sde().multistep();
  }

  private static SchedulerTraits pndm(SchedulerTraits traits) {
    return traits.multistep().countsOnly().predictions(EPSILON);
  }

  private static SchedulerTraits flow(SchedulerTraits traits) {
    return traits
        .countsOnly()
        .predictions(FLOW_PREDICTION)
        .inputLevels(schedule -> InputLevels.flow(schedule.timesteps()));
  }

  /** Its timesteps are angles in quarter turns. */
  private static SchedulerTraits ipndm(SchedulerTraits traits) {
    InputLevels levels =
        t -> new Level(t == 1 ? 0 : Math.cos(t * Math.PI / 2), Math.sin(t * Math.PI / 2));
    return traits
        .multistep()
        .countsOnly()
        .predictions(V_PREDICTION)
        .inputLevels(schedule -> levels);
  }

  private static Scheduler dpm(DpmAlgorithm algorithm, int order) {
    return Schedulers.dpmSolverPlusPlus().order(order).algorithm(algorithm, FinalSigma.SIGMA_MIN);
  }

  private static DpmSolverSinglestep single(int order) {
    return Schedulers.dpmSolverSinglestep().order(order).algorithm(DPMSOLVER, FinalSigma.SIGMA_MIN);
  }
}
