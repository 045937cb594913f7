package dev.palimpsest.scheduler;

import dev.palimpsest.errors.UnsupportedModelException;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The fields that configurations of diffusers' schedulers have. A file often carries fields of
 * other classes than its own; those are accepted, fields that no class has are not.
 */
final class SchedulerFields {
  private static final Set<String> FLAGS =
      Set.of(
          "clip_sample",
          "thresholding",
          "rescale_betas_zero_snr",
          "set_alpha_to_one",
          "skip_prk_steps",
          "use_karras_sigmas",
          "use_exponential_sigmas",
          "use_beta_sigmas",
          "use_lu_lambdas",
          "use_flow_sigmas",
          "use_dynamic_shifting",
          "lower_order_final",
          "euler_at_final",
          "predict_x0",
          "predict_epsilon",
          "invert_sigmas",
          "stochastic_sampling");

  private static final Set<String> NUMBERS =
      Set.of(
          "num_train_timesteps",
          "beta_start",
          "beta_end",
          "dynamic_thresholding_ratio",
          "clip_sample_range",
          "sample_max_value",
          "steps_offset",
          "sigma_min",
          "sigma_max",
          "solver_order",
          "flow_shift",
          "lambda_min_clipped",
          "original_inference_steps",
          "timestep_scaling",
          "shift",
          "base_shift",
          "max_shift",
          "base_image_seq_len",
          "max_image_seq_len",
          "shift_terminal",
          "predictor_order",
          "corrector_order");

  private static final Set<String> TEXTS =
      Set.of(
          "beta_schedule",
          "prediction_type",
          "timestep_spacing",
          "variance_type",
          "interpolation_type",
          "timestep_type",
          "final_sigmas_type",
          "algorithm_type",
          "solver_type",
          "time_shift_type",
          "tensor_format");

  private static final Set<String> OTHERS =
      Set.of("trained_betas", "disable_corrector", "solver_p", "tau_func");

  private SchedulerFields() {}

  /** Checks names, and the types of values, of all fields that do not start with an underscore. */
  static void check(String className, Map<String, Object> config) {
    Settings settings = new Settings(config);
    for (String name : config.keySet()) {
      if (FLAGS.contains(name)) {
        settings.flag(name, false);
      } else if (NUMBERS.contains(name)) {
        settings.number(name, 0);
      } else if (TEXTS.contains(name)) {
        settings.text(name, "");
      } else if (!OTHERS.contains(name) && !name.startsWith("_")) {
        throw new UnsupportedModelException(
            "unknown field "
                + name
                + " in the configuration of "
                + className
                + "; known: "
                + known());
      }
    }
    settings.choice("timestep_spacing", TimestepSpacing.LEADING);
    settings.choice("final_sigmas_type", FinalSigma.ZERO);
  }

  private static Set<String> known() {
    var known = new TreeSet<String>(FLAGS);
    known.addAll(NUMBERS);
    known.addAll(TEXTS);
    known.addAll(OTHERS);
    return known;
  }
}
