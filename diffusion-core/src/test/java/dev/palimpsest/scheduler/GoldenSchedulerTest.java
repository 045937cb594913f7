package dev.palimpsest.scheduler;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.palimpsest.tensor.GoldenArrays;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** All golden cases, against diffusers 0.42.1. */
class GoldenSchedulerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final GoldenArrays GOLDEN = golden("schedulers");
  private static final GoldenArrays VARIANTS = golden("scheduler_variants");

  private GoldenArrays arrays = GOLDEN;
  private final List<String> failures = new ArrayList<>();
  private final Map<String, Double> errors = new TreeMap<>();
  private int cases;

  @Test
  void betaTables() {
    for (JsonNode golden : GOLDEN.cases("beta_table")) {
      JsonNode config = golden.get("config");
      NoiseSchedule schedule =
          NoiseSchedule.named(
              config.get("beta_schedule").asText(),
              config.get("num_train_timesteps").asInt(),
              config.get("beta_start").asDouble(),
              config.get("beta_end").asDouble());
      if (config.get("rescale_betas_zero_snr").asBoolean()) {
        schedule = schedule.zeroTerminalSnr();
      }
      compare(golden, "betas", Tensor.of(Shape.of(1000), schedule.betas()));
      compare(golden, "alphas_cumprod", Tensor.of(Shape.of(1000), schedule.alphasCumprod()));
      Tensor sigmas = Tensor.of(Shape.of(1000), schedule.sigmas());
      compare(golden, "sigmas", sigmas.rows(0, (int) GOLDEN.expected(golden, "sigmas").elements()));
      cases++;
    }
    finish(7);
  }

  @Test
  void timesteps() {
    for (JsonNode golden : GOLDEN.cases("timesteps")) {
      SchedulerRun run = caseOf(golden).begin();
      compare(golden, "timesteps", SchedulerCase.vector(run.timesteps()));
      if (golden.get("expected").has("sigmas")) {
        compare(golden, "sigmas", SchedulerCase.vector(run.sigmas()));
      }
      initialScale(golden, run);
      cases++;
    }
    finish(TIMESTEP_CASES);
  }

  @Test
  void trajectories() {
    allTrajectories();
    finish(TRAJECTORY_CASES);
  }

  /** Configurations that the golden cases leave out; made by make.py beside them. */
  @Test
  void variants() {
    arrays = VARIANTS;
    allTrajectories();
    finish(30);
  }

  private void allTrajectories() {
    for (JsonNode golden : arrays.cases("scheduler")) {
      try {
        trajectory(golden);
      } catch (RuntimeException e) {
        throw new AssertionError(golden.get("id").asText(), e);
      }
      cases++;
    }
  }

  private static final int TIMESTEP_CASES = 546;
  private static final int TRAJECTORY_CASES = 184;

  private void trajectory(JsonNode golden) {
    SchedulerCase schedulerCase = caseOf(golden);
    Map<String, Tensor> outputs =
        schedulerCase.play(
            requireNonNull(input(golden, "x_T")),
            input(golden, "noise"),
            golden.has("learned_variance_output"));
    JsonNode expected = golden.get("expected");
    for (Map.Entry<String, Tensor> output : outputs.entrySet()) {
      if (expected.has(output.getKey())) {
        compare(golden, output.getKey(), output.getValue());
      }
    }
    SchedulerRun run = schedulerCase.begin();
    initialScale(golden, run);
    Tensor sample = input(golden, "fwd_sample");
    if (sample == null) {
      return;
    }
    Tensor noise = requireNonNull(input(golden, "fwd_noise"));
    double[] at = requireNonNull(input(golden, "fwd_timesteps")).doubles();
    if (expected.has("add_noise")) {
      compare(golden, "add_noise", run.addNoiseAt(sample, noise, at));
    }
    if (expected.has("velocity")) {
      NoiseSchedule schedule = Schedulers.fromConfig(schedulerCase.config()).noiseSchedule();
      compare(golden, "velocity", schedule.velocity(sample, noise, (int) at[0], (int) at[1]));
    }
  }

  private void initialScale(JsonNode golden, SchedulerRun run) {
    float want = (float) golden.get("init_noise_sigma").asDouble();
    assertEquals(want, run.initialScale(), 1e-4f * want, golden.get("id").asText());
  }

  private void compare(JsonNode golden, String name, Tensor got) {
    String id = golden.get("id").asText() + " " + name;
    Tensor want = arrays.expected(golden, name);
    if (!want.shape().equals(got.shape())) {
      failures.add(id + " has shape " + got.shape() + ", not " + want.shape());
      return;
    }
    double atol = golden.get("tolerance").get("atol").asDouble();
    double rtol = golden.get("tolerance").get("rtol").asDouble();
    double[] a = got.doubles();
    double[] b = want.doubles();
    double worst = 0;
    for (int i = 0; i < a.length; i++) {
      double error = Math.abs(a[i] - b[i]) / (atol + rtol * Math.abs(b[i]));
      worst = a[i] == b[i] ? worst : Double.isNaN(error) ? 1e9 : Math.max(worst, error);
    }
    errors.put(id, worst);
    if (worst > 1) {
      failures.add(id + " is off by " + worst + " tolerances");
    }
  }

  private void finish(int expectedCases) {
    assertTrue(failures.isEmpty(), () -> failures.size() + ": " + String.join("\n", failures));
    assertEquals(expectedCases, cases);
  }

  private @Nullable Tensor input(JsonNode golden, String name) {
    JsonNode entry = golden.get("inputs").get(name);
    return entry == null ? null : arrays.array(entry.get("key").asText());
  }

  private static GoldenArrays golden(String area) {
    try {
      return GoldenArrays.read(area);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static SchedulerCase caseOf(JsonNode golden) {
    return new SchedulerCase(
        map(golden.get("config")), map(golden.get("set_timesteps")), map(golden.get("step_args")));
  }

  private static Map<String, Object> map(@Nullable JsonNode node) {
    return node == null
        ? Map.of()
        : JSON.convertValue(node, new TypeReference<Map<String, Object>>() {});
  }
}
