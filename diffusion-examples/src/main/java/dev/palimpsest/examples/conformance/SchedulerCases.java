package dev.palimpsest.examples.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import dev.palimpsest.scheduler.Ddim;
import dev.palimpsest.scheduler.DenoisingFunction;
import dev.palimpsest.scheduler.Euler;
import dev.palimpsest.scheduler.Evaluation;
import dev.palimpsest.scheduler.LatentConsistency;
import dev.palimpsest.scheduler.LinearMultistep;
import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.scheduler.SchedulePlan;
import dev.palimpsest.scheduler.Scheduler;
import dev.palimpsest.scheduler.SchedulerConfig;
import dev.palimpsest.scheduler.SchedulerRun;
import dev.palimpsest.scheduler.Schedulers;
import dev.palimpsest.scheduler.Step;
import dev.palimpsest.scheduler.Tcd;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Area {@code schedulers}: tables, timesteps and trajectories on a stand-in network. */
final class SchedulerCases {
  private SchedulerCases() {}

  static void addTo(Map<String, CaseKind> kinds) {
    kinds.put("beta_table", SchedulerCases::betaTable);
    kinds.put("timesteps", SchedulerCases::timesteps);
    kinds.put("scheduler", SchedulerCases::trajectory);
  }

  private static void betaTable(ConformanceCase c) {
    JsonNode config = c.field("config");
    NoiseSchedule schedule =
        NoiseSchedule.named(
            config.path("beta_schedule").asText(),
            config.path("num_train_timesteps").asInt(),
            config.path("beta_start").asDouble(),
            config.path("beta_end").asDouble());
    boolean zeroSnr = config.path("rescale_betas_zero_snr").asBoolean();
    if (zeroSnr) {
      schedule = schedule.zeroTerminalSnr();
    }
    c.put("betas", vector(schedule.betas()));
    c.put("alphas_cumprod", vector(schedule.alphasCumprod()));
    float[] sigmas = schedule.sigmas();
    c.put("sigmas", vector(zeroSnr ? Arrays.copyOf(sigmas, sigmas.length - 1) : sigmas));
  }

  private static void timesteps(ConformanceCase c) {
    SchedulerRun run = begin(c);
    c.put("timesteps", vector(run.timesteps()));
    if (c.asks("sigmas")) {
      c.put("sigmas", vector(run.sigmas()));
    }
  }

  private static void trajectory(ConformanceCase c) throws IOException {
    SchedulerRun run = begin(c);
    var inputs = new ArrayList<Tensor>();
    DenoisingFunction network = network(c);
    DenoisingFunction recording =
        (x, t) -> {
          inputs.add(x);
          return network.predict(x, t);
        };
    NoiseSource noise = NoiseSource.replay(c.has("noise") ? rows(c.input("noise")) : List.of());
    var states = new ArrayList<Tensor>();
    var estimates = new ArrayList<Tensor>();
    Tensor x = c.input("x_T");
    for (int i = 0; i < run.steps(); i++) {
      Step step = run.step(i, x, recording, noise);
      List<Evaluation> evaluations = step.evaluations();
      for (int k = 0; k < evaluations.size(); k++) {
        if (k > 0) {
          states.add(evaluations.get(k).x());
        }
        estimates.add(evaluations.get(k).denoised());
      }
      x = step.x();
      states.add(x);
    }
    c.put("timesteps", vector(run.timesteps()));
    if (c.asks("sigmas")) {
      c.put("sigmas", vector(run.sigmas()));
    }
    c.putStack("prev_samples", states);
    if (c.asks("pred_original_samples")) {
      c.putStack("pred_original_samples", estimates);
    }
    c.putStack("model_input_first_last", List.of(inputs.get(0), inputs.get(inputs.size() - 1)));
    forward(c, begin(c));
  }

  private static void forward(ConformanceCase c, SchedulerRun run) throws IOException {
    if (!c.has("fwd_sample")) {
      return;
    }
    Tensor sample = c.input("fwd_sample");
    Tensor noise = c.input("fwd_noise");
    double[] at = c.input("fwd_timesteps").doubles();
    if (c.asks("add_noise")) {
      c.put("add_noise", run.addNoiseAt(sample, noise, at));
    }
    if (c.asks("velocity")) {
      int[] timesteps = Arrays.stream(at).mapToInt(t -> (int) t).toArray();
      c.put("velocity", config(c).noiseSchedule().velocity(sample, noise, timesteps));
    }
  }

  private static SchedulerConfig config(ConformanceCase c) {
    return Schedulers.fromConfig(c.object("config"));
  }

  private static SchedulerRun begin(ConformanceCase c) {
    SchedulerConfig config = config(c);
    return solver(c, config.scheduler()).begin(plan(c, config));
  }

  private static SchedulePlan plan(ConformanceCase c, SchedulerConfig config) {
    JsonNode set = c.field("set_timesteps");
    SchedulePlan plan =
        set.has("timesteps")
            ? config.planTimesteps(numbers(set.get("timesteps")))
            : set.has("sigmas")
                ? config.planSigmas(numbers(set.get("sigmas")))
                : config.plan(set.path("num_inference_steps").asInt());
    return set.path("mu").isNumber() ? plan.mu(set.get("mu").asDouble()) : plan;
  }

  private static double[] numbers(JsonNode list) {
    double[] numbers = new double[list.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = list.get(i).asDouble();
    }
    return numbers;
  }

  /** Arguments of diffusers' step and set_timesteps are fields of the solver here. */
  private static Scheduler solver(ConformanceCase c, Scheduler scheduler) {
    JsonNode step = c.field("step_args");
    JsonNode set = c.field("set_timesteps");
    if (scheduler instanceof Ddim) {
      return ((Ddim) scheduler)
          .eta(step.path("eta").asDouble(0))
          .useClippedModelOutput(step.path("use_clipped_model_output").asBoolean());
    }
    if (scheduler instanceof Euler) {
      return ((Euler) scheduler)
          .churn(
              step.path("s_churn").asDouble(0),
              step.path("s_tmin").asDouble(0),
              step.path("s_tmax").asDouble(Double.POSITIVE_INFINITY),
              step.path("s_noise").asDouble(1));
    }
    if (scheduler instanceof LinearMultistep) {
      return ((LinearMultistep) scheduler).order(step.path("order").asInt(4));
    }
    if (scheduler instanceof Tcd) {
      return ((Tcd) scheduler).eta(step.path("eta").asDouble(0.3));
    }
    if (scheduler instanceof LatentConsistency && set.has("strength")) {
      return ((LatentConsistency) scheduler)
          .originalStrength(set.path("strength").asDouble(1))
          .originalSteps(set.path("original_inference_steps").asInt(50));
    }
    return scheduler;
  }

  /**
   * The stand-in network of the area's description: tanh(0.7 x + 0.1 sin(t / 50)), and beside it a
   * variance where the case has one.
   */
  private static DenoisingFunction network(ConformanceCase c) {
    boolean learned = c.field("learned_variance_output").asBoolean();
    boolean logistic = c.field("config").path("variance_type").asText().equals("learned");
    return (x, t) -> {
      float[] in = x.floats();
      float[] mean = new float[in.length];
      float bias = (float) (0.1 * Math.sin(t / 50));
      for (int i = 0; i < in.length; i++) {
        mean[i] = (float) Math.tanh(0.7f * in[i] + bias);
      }
      Tensor prediction = Tensor.of(x.shape(), mean);
      return learned ? withVariance(prediction, in, t, logistic) : prediction;
    };
  }

  private static Tensor withVariance(Tensor mean, float[] in, double t, boolean logistic) {
    int batch = (int) mean.shape().dim(0);
    int size = in.length / batch;
    float[] both = new float[2 * in.length];
    for (int i = 0; i < in.length; i++) {
      int row = i / size;
      float v = (float) Math.sin(1.3f * in[i] + (float) (t / 100));
      both[i + row * size] = mean.floats()[i];
      both[i + (row + 1) * size] = logistic ? (float) (0.01 / (1 + Math.exp(-v))) : v;
    }
    return Tensor.of(mean.shape().withDim(1, 2 * mean.shape().dim(1)), both);
  }

  private static List<Tensor> rows(Tensor stacked) {
    long[] dims = stacked.shape().toArray();
    Shape one = Shape.of(Arrays.copyOfRange(dims, 1, dims.length));
    var rows = new ArrayList<Tensor>();
    for (int i = 0; i < dims[0]; i++) {
      rows.add(stacked.rows(i, i + 1).reshape(one));
    }
    return rows;
  }

  private static Tensor vector(double[] values) {
    return Tensor.of(Shape.of(values.length), values);
  }

  private static Tensor vector(float[] values) {
    return Tensor.of(Shape.of(values.length), values);
  }
}
