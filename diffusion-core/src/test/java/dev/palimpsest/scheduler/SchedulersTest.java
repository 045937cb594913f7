package dev.palimpsest.scheduler;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.plugin.PluginEuler;
import dev.palimpsest.plugin.SecondEuler;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class SchedulersTest {
  /** The scheduler_config.json that Stable Diffusion 1.5 is published with. */
  private static final Map<String, Object> SD_15 =
      Map.of(
          "_class_name",
          "PNDMScheduler",
          "_diffusers_version",
          "0.6.0",
          "beta_end",
          0.012,
          "beta_schedule",
          "scaled_linear",
          "beta_start",
          0.00085,
          "num_train_timesteps",
          1000,
          "set_alpha_to_one",
          false,
          "skip_prk_steps",
          true,
          "steps_offset",
          1,
          "clip_sample",
          false);

  @TempDir private Path folder;

  @Test
  void everyNameMakesASchedulerOfThatName() {
    assertTrue(Schedulers.names().size() >= 19, () -> "" + Schedulers.names());
    for (String name : Schedulers.names()) {
      assertEquals(name, Schedulers.byName(name).name());
    }
  }

  @Test
  void publishedConfiguration() {
    SchedulerConfig config = Schedulers.fromConfig(SD_15);
    assertEquals("pndm", config.scheduler().name());
    assertEquals(PredictionType.EPSILON, config.predictionType());
    assertEquals("scaled_linear", config.noiseSchedule().name());
    SchedulerRun run = config.scheduler().begin(config.plan(50));
    assertEquals(50, run.steps());
    assertEquals(51, run.evaluations());
    assertEquals(981, run.timestep(0));
    assertEquals(961, run.timestep(1));
    assertEquals(961, run.timesteps()[2]);
    assertEquals(1, run.timestep(49));
  }

  @Test
  void swappedSolverKeepsTheCheckpointsScheduleAndUsesItsOwnSpacing() {
    SchedulerConfig euler = Schedulers.fromConfig(SD_15).with("euler");
    SchedulerRun run = euler.scheduler().begin(euler.plan(10));
    assertEquals(999, run.timestep(0));
    assertEquals(14.6146, run.sigmas()[0], 1e-3);
    Ddim ddim = Schedulers.ddim().eta(0.5);
    SchedulerConfig other = Schedulers.fromConfig(SD_15).with(ddim);
    assertSame(ddim, other.scheduler());
    assertEquals(901, ddim.begin(other.plan(10)).timestep(0));
  }

  @Test
  void missingFieldsAreDefaultsOfTheClass() {
    NoiseSchedule heun = schedule(Map.of("_class_name", "HeunDiscreteScheduler"));
    assertEquals("linear", heun.name());
    assertEquals(0.00085f, heun.beta(0));
    assertEquals(0.012f, heun.beta(999));
    NoiseSchedule lcm = schedule(Map.of("_class_name", "LCMScheduler"));
    assertEquals("scaled_linear", lcm.name());
    NoiseSchedule tcd = schedule(Map.of("_class_name", "TCDScheduler"));
    assertEquals("scaled_linear", tcd.name());
    NoiseSchedule kdpm2 = schedule(Map.of("_class_name", "KDPM2AncestralDiscreteScheduler"));
    assertEquals(0.00085f, kdpm2.beta(0));
    assertEquals(
        PredictionType.FLOW_PREDICTION,
        Schedulers.fromConfig(Map.of("_class_name", "FlowMatchEulerDiscreteScheduler"))
            .predictionType());
    assertEquals(
        PredictionType.V_PREDICTION,
        Schedulers.fromConfig(Map.of("_class_name", "IPNDMScheduler")).predictionType());
    NoiseSchedule ddpm = schedule(Map.of("_class_name", "DDPMScheduler"));
    assertEquals(0.0001f, ddpm.beta(0));
    assertEquals(0.02f, ddpm.beta(999));
  }

  @Test
  void trainedBetas() {
    NoiseSchedule schedule =
        schedule(Map.of("_class_name", "DDPMScheduler", "trained_betas", List.of(0.1, 0.2)));
    assertEquals(2, schedule.timesteps());
    assertEquals(0.72f, schedule.alphaCumprod(1), 1e-6f);
  }

  @Test
  void explicitBuildersEqualConfigurations() {
    SchedulerConfig config =
        Schedulers.fromConfig(
            Map.of(
                "_class_name",
                "DPMSolverMultistepScheduler",
                "beta_schedule",
                "scaled_linear",
                "beta_start",
                0.00085,
                "beta_end",
                0.012,
                "use_karras_sigmas",
                true));
    NoiseSchedule schedule = NoiseSchedule.scaledLinear(1000, 0.00085, 0.012);
    SchedulePlan plan = SchedulePlan.steps(schedule, PredictionType.EPSILON, 20);
    assertArrayEquals(
        config.scheduler().begin(config.plan(20)).sigmas(),
        Schedulers.dpmSolverPlusPlus().karrasSigmas().begin(plan).sigmas());
  }

  @Test
  void unknownNameListsTheKnown() {
    String message = failure(IllegalArgumentException.class, () -> Schedulers.byName("eular"));
    assertTrue(message.contains("eular") && message.contains("euler_ancestral"), message);
  }

  @Test
  void unknownClassListsTheKnown() {
    String message = refused("_class_name", "RePaintScheduler");
    assertTrue(message.contains("RePaintScheduler"), message);
    assertTrue(message.contains("EulerAncestralDiscreteScheduler"), message);
  }

  @Test
  void unknownFieldIsNamed() {
    assertTrue(refused("use_caras_sigmas", true).contains("use_caras_sigmas"));
  }

  @Test
  void unknownValuesAreNamedWithThePossible() {
    assertNames(refused("prediction_type", "noise"), "prediction_type", "noise", "v_prediction");
    assertNames(refused("beta_schedule", "cubic"), "beta_schedule", "cubic", "squaredcos_cap_v2");
    assertNames(refused("timestep_spacing", "even"), "timestep_spacing", "even", "trailing");
    assertNames(refused("final_sigmas_type", "one"), "final_sigmas_type", "one", "sigma_min");
  }

  @Test
  void wrongTypesAreNamed() {
    assertNames(refused("skip_prk_steps", "yes"), "skip_prk_steps", "yes", "true or false");
    assertNames(refused("beta_start", "small"), "beta_start", "small", "a number");
    assertNames(refused("num_train_timesteps", 10.5), "num_train_timesteps", "10.5", "whole");
    assertNames(refused("trained_betas", 1), "trained_betas", "1", "list");
  }

  @Test
  void valuesThatAClassCannotTakeAreNamed() {
    assertNames(refused("UniPCMultistepScheduler", "solver_p", "DDIMScheduler"), "solver_p");
    assertNames(refused("UniPCMultistepScheduler", "solver_type", "bh3"), "bh3", "bh1", "bh2");
    assertNames(refused("UniPCMultistepScheduler", "disable_corrector", 1), "disable_corrector");
    assertNames(refused("SASolverScheduler", "tau_func", "t"), "tau_func", "null");
    assertNames(refused("SASolverScheduler", "algorithm_type", "dpmsolver++"), "data_prediction");
    assertNames(refused("DEISMultistepScheduler", "algorithm_type", "sde-dpmsolver"), "deis");
    assertNames(refused("DEISMultistepScheduler", "solver_type", "linear"), "logrho");
    assertNames(refused("DPMSolverSinglestepScheduler", "algorithm_type", "dpm"), "dpmsolver++");
    assertNames(
        refused("FlowMatchEulerDiscreteScheduler", "time_shift_type", "cubic"), "exponential");
    assertNames(refused("IPNDMScheduler", "trained_betas", List.of(0.1)), "trained_betas");
  }

  @Test
  void fieldsOfOtherMultistepSolversAreTakenOver() {
    var config = new HashMap<String, Object>(SD_15);
    config.put("_class_name", "DEISMultistepScheduler");
    config.put("algorithm_type", "deis");
    config.put("solver_type", "logrho");
    SchedulerConfig deis = Schedulers.fromConfig(config);
    for (String name : List.of("dpmsolver++", "dpmsolver_singlestep", "unipc")) {
      assertEquals(name, deis.with(name).scheduler().name());
    }
    SchedulerConfig singlestep = deis.with("dpmsolver_singlestep");
    assertEquals(999, singlestep.scheduler().begin(singlestep.plan(10)).timestep(0));
  }

  @Test
  void contradictorySigmasAreNamed() {
    var config = new HashMap<String, Object>(Map.of("_class_name", "EulerDiscreteScheduler"));
    config.put("use_karras_sigmas", true);
    config.put("use_beta_sigmas", true);
    String message = failure(UnsupportedModelException.class, () -> Schedulers.fromConfig(config));
    assertNames(message, "use_beta_sigmas", "KARRAS");
  }

  @Test
  void providersOnTheClassPathAreFound() throws IOException {
    withProvider(
        PluginEuler.class,
        () -> {
          assertTrue(Schedulers.names().contains("plugin_euler"));
          SchedulerConfig config =
              Schedulers.fromConfig(Map.of("_class_name", "PluginEulerScheduler", "own_field", 1));
          SchedulePlan plan = config.plan(7);
          Tensor x = NoiseSource.torch(3).gaussian(Shape.of(1, 3, 4, 4));
          SchedulerRun plugin = Schedulers.byName("plugin_euler").begin(plan);
          SchedulerRun builtIn = Schedulers.euler().begin(plan);
          for (int i = 0; i < 7; i++) {
            Tensor a = plugin.step(i, x, (in, t) -> in, NoiseSource.torch(0)).x();
            Tensor b = builtIn.step(i, x, (in, t) -> in, NoiseSource.torch(0)).x();
            assertArrayEquals(b.floats(), a.floats(), 2e-5f);
            x = b;
          }
        });
  }

  @Test
  void twoProvidersOfOneNameAreNamedWithTheirPlaces() throws IOException {
    withProvider(
        SecondEuler.class,
        () -> {
          String byName = failure(IllegalStateException.class, () -> Schedulers.byName("euler"));
          assertNames(byName, "\"euler\"", SecondEuler.class.getName(), "classes");
          String byClass =
              failure(
                  IllegalStateException.class,
                  () -> Schedulers.fromConfig(Map.of("_class_name", "EulerDiscreteScheduler")));
          assertNames(byClass, "EulerDiscreteScheduler", SecondEuler.class.getName(), "file:");
        });
  }

  private void withProvider(Class<?> provider, Runnable test) throws IOException {
    Path services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.writeString(
        services.resolve(SchedulerProvider.class.getName()), provider.getName() + "\n");
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (var loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, before)) {
      thread.setContextClassLoader(loader);
      test.run();
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private static NoiseSchedule schedule(Map<String, Object> config) {
    return Schedulers.fromConfig(config).noiseSchedule();
  }

  /** The message when Stable Diffusion's configuration has this field too. */
  private static String refused(String field, Object value) {
    var config = new HashMap<String, Object>(SD_15);
    config.put(field, value);
    return failure(UnsupportedModelException.class, () -> Schedulers.fromConfig(config));
  }

  private static String refused(String className, String field, Object value) {
    Map<String, Object> config = Map.of("_class_name", className, field, value);
    return failure(UnsupportedModelException.class, () -> Schedulers.fromConfig(config));
  }

  private static String failure(Class<? extends Exception> type, Executable call) {
    return String.valueOf(assertThrows(type, call).getMessage());
  }

  private static void assertNames(String message, String... parts) {
    for (String part : parts) {
      assertTrue(message.contains(part), message);
    }
  }
}
