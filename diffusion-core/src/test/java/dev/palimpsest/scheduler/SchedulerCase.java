package dev.palimpsest.scheduler;

import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One golden case of kind {@code timesteps} or {@code scheduler}, run through the public API: how
 * the reference's arrays and per-step arguments map to it.
 *
 * @param config the case's {@code config}
 * @param setTimesteps the case's {@code set_timesteps}
 * @param stepArguments the case's {@code step_args}, empty where there are none
 */
record SchedulerCase(
    Map<String, Object> config,
    Map<String, Object> setTimesteps,
    Map<String, Object> stepArguments) {

  SchedulerRun begin() {
    SchedulerConfig scheduler = Schedulers.fromConfig(config);
    return configured().begin(plan(scheduler));
  }

  private SchedulePlan plan(SchedulerConfig scheduler) {
    double[] timesteps = numbers(setTimesteps.get("timesteps"));
    double[] sigmas = numbers(setTimesteps.get("sigmas"));
    SchedulePlan plan =
        timesteps != null
            ? scheduler.planTimesteps(timesteps)
            : sigmas != null
                ? scheduler.planSigmas(sigmas)
                : scheduler.plan((int) number(setTimesteps, "num_inference_steps", 0));
    Object mu = setTimesteps.get("mu");
    return mu == null ? plan : plan.mu(((Number) mu).doubleValue());
  }

  /** Arguments of diffusers' step and set_timesteps that are fields of the solver here. */
  private Scheduler configured() {
    Scheduler scheduler = Schedulers.fromConfig(config).scheduler();
    if (scheduler instanceof Ddim) {
      return ((Ddim) scheduler)
          .eta(argument("eta", 0))
          .useClippedModelOutput(
              Boolean.TRUE.equals(stepArguments.get("use_clipped_model_output")));
    }
    if (scheduler instanceof Euler) {
      return ((Euler) scheduler)
          .churn(
              argument("s_churn", 0),
              argument("s_tmin", 0),
              argument("s_tmax", Double.POSITIVE_INFINITY),
              argument("s_noise", 1));
    }
    if (scheduler instanceof LinearMultistep) {
      return ((LinearMultistep) scheduler).order((int) argument("order", 4));
    }
    if (scheduler instanceof Tcd) {
      return ((Tcd) scheduler).eta(argument("eta", 0.3));
    }
    if (scheduler instanceof LatentConsistency && setTimesteps.containsKey("strength")) {
      return ((LatentConsistency) scheduler)
          .originalStrength(number(setTimesteps, "strength", 1))
          .originalSteps((int) number(setTimesteps, "original_inference_steps", 50));
    }
    return scheduler;
  }

  /** The expected arrays of kind scheduler but {@code velocity}, by name, from the inputs. */
  Map<String, Tensor> play(Tensor xT, @Nullable Tensor noise, boolean learnedVariance) {
    SchedulerRun run = begin();
    var inputs = new ArrayList<Tensor>();
    DenoisingFunction network =
        (x, t) -> {
          inputs.add(x);
          return network(x, t, learnedVariance, "learned".equals(config.get("variance_type")));
        };
    NoiseSource source = NoiseSource.replay(noise == null ? List.of() : rows(noise));
    var states = new ArrayList<Tensor>();
    var estimates = new ArrayList<Tensor>();
    Tensor x = xT;
    for (int i = 0; i < run.steps(); i++) {
      Step step = run.step(i, x, network, source);
      for (int k = 0; k < step.evaluations().size(); k++) {
        Evaluation evaluation = step.evaluations().get(k);
        if (k > 0) {
          states.add(evaluation.x());
        }
        estimates.add(evaluation.denoised());
      }
      x = step.x();
      states.add(x);
    }
    Map<String, Tensor> outputs = new LinkedHashMap<>();
    outputs.put("timesteps", vector(run.timesteps()));
    outputs.put("sigmas", vector(run.sigmas()));
    outputs.put("prev_samples", stack(states));
    outputs.put("pred_original_samples", stack(estimates));
    outputs.put(
        "model_input_first_last", stack(List.of(inputs.get(0), inputs.get(inputs.size() - 1))));
    return outputs;
  }

  /** The model of the area's description. */
  private static Tensor network(Tensor x, double t, boolean learned, boolean asVariance) {
    float[] in = x.floats();
    float[] mean = new float[in.length];
    float bias = (float) (0.1 * Math.sin(t / 50));
    for (int i = 0; i < in.length; i++) {
      mean[i] = (float) Math.tanh(0.7f * in[i] + bias);
    }
    if (!learned) {
      return Tensor.of(x.shape(), mean);
    }
    int batch = (int) x.shape().dim(0);
    int size = in.length / batch;
    float[] both = new float[2 * in.length];
    for (int row = 0; row < batch; row++) {
      System.arraycopy(mean, row * size, both, 2 * row * size, size);
      for (int i = 0; i < size; i++) {
        float v = (float) Math.sin(1.3f * in[row * size + i] + (float) (t / 100));
        both[(2 * row + 1) * size + i] = asVariance ? (float) (0.01 / (1 + Math.exp(-v))) : v;
      }
    }
    return Tensor.of(x.shape().withDim(1, 2 * x.shape().dim(1)), both);
  }

  static List<Tensor> rows(Tensor stacked) {
    long[] dims = stacked.shape().toArray();
    Shape one = Shape.of(java.util.Arrays.copyOfRange(dims, 1, dims.length));
    var rows = new ArrayList<Tensor>();
    for (int i = 0; i < dims[0]; i++) {
      rows.add(stacked.rows(i, i + 1).reshape(one));
    }
    return rows;
  }

  private static Tensor stack(List<Tensor> tensors) {
    long[] dims = tensors.get(0).shape().toArray();
    long[] withRow = new long[dims.length + 1];
    withRow[0] = 1;
    System.arraycopy(dims, 0, withRow, 1, dims.length);
    var rows = new ArrayList<Tensor>();
    tensors.forEach(tensor -> rows.add(tensor.reshape(Shape.of(withRow))));
    return Tensor.concat(rows);
  }

  static Tensor vector(double[] values) {
    return Tensor.of(Shape.of(values.length), values);
  }

  private double argument(String name, double otherwise) {
    return number(stepArguments, name, otherwise);
  }

  private static double number(Map<String, Object> map, String name, double otherwise) {
    Object value = map.get(name);
    return value == null ? otherwise : ((Number) value).doubleValue();
  }

  private static double @Nullable [] numbers(@Nullable Object list) {
    if (list == null) {
      return null;
    }
    return ((List<?>) list).stream().mapToDouble(n -> ((Number) n).doubleValue()).toArray();
  }
}
