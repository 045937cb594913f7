package dev.palimpsest.examples.conformance;

import static com.google.common.base.Preconditions.checkState;

import com.fasterxml.jackson.databind.JsonNode;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.esd.ConceptErasure;
import dev.palimpsest.esd.ConceptErasureBuilder;
import dev.palimpsest.esd.Erasure;
import dev.palimpsest.esd.ErasureMethod;
import dev.palimpsest.esd.ErasureSample;
import dev.palimpsest.esd.ParameterRule;
import dev.palimpsest.esd.StartDraws;
import dev.palimpsest.examples.TemporaryFolder;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.LearningRate;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Area {@code esd}: which parameters are trained, and whole small trainings. */
final class EsdCases {
  private EsdCases() {}

  static void addTo(Map<String, CaseKind> kinds) {
    kinds.put("esd_parameter_names", EsdCases::names);
    kinds.put("esd_train", EsdCases::train);
  }

  private static void names(ConformanceCase c) throws IOException {
    Weights unet = Checkpoint.readComponent(c.model()).weights();
    ErasureMethod method = method(c.id().substring(c.id().lastIndexOf('/') + 1));
    for (ParameterRule rule : ParameterRule.values()) {
      var names = new ArrayList<String>(method.parameters(unet, rule));
      names.sort(ModuleOrder.INSTANCE);
      c.putValue("trained_parameters_" + rule.name().toLowerCase(Locale.ROOT) + "_rule", names);
    }
  }

  private static ErasureMethod method(String name) {
    return ErasureMethod.valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_'));
  }

  private static void train(ConformanceCase c) throws IOException {
    var samples = new ArrayList<ErasureSample>();
    var losses = new ArrayList<Double>();
    Erasure erasure;
    try (var folder = TemporaryFolder.create();
        ConceptErasure run = builder(c).observer(samples::add).open(folder.path())) {
      erasure = run.train(step -> losses.add((double) step.loss()));
    }
    checkStates(c, samples);
    c.put(
        "losses",
        Tensor.of(
            Shape.of(losses.size()), losses.stream().mapToDouble(Double::doubleValue).toArray()));
    put(c, "targets", samples.stream().map(ErasureSample::target).toList());
    put(c, "noise_pred_null", samples.stream().map(s -> s.predictions().get(0)).toList());
    put(
        c,
        "noise_pred_erase",
        samples.stream().map(s -> s.predictions().get(s.predictions().size() - 1)).toList());
    if (c.asks("noise_pred_erase_from")) {
      put(c, "noise_pred_erase_from", samples.stream().map(s -> s.predictions().get(1)).toList());
    }
    erasure.tensors().forEach((name, tensor) -> c.put("final/" + name, tensor));
  }

  private static void put(ConformanceCase c, String name, List<Tensor> rows) {
    c.put(name, Tensor.concat(rows));
  }

  private static ConceptErasureBuilder builder(ConformanceCase c) throws IOException {
    boolean wider = !c.field("erase_from").isNull();
    ConceptErasureBuilder builder =
        ConceptErasure.builder(checkpoint(c))
            .erase(c.field("erase_concept").asText())
            .method(method(c.field("train_method").asText()))
            .eta(c.field("negative_guidance").asDouble() - (wider ? 0 : 1))
            .guidanceScale(c.field("guidance_scale").asDouble())
            .learningRate(LearningRate.constant(c.field("lr").asDouble()))
            .iterations(c.field("iterations").asInt())
            .denoisingSteps(c.field("num_inference_steps").asInt())
            .exact(draws(c));
    return wider ? builder.from(c.field("erase_from").asText()) : builder;
  }

  /** The case's model with the case's scheduler. */
  private static Checkpoint checkpoint(ConformanceCase c) throws IOException {
    Checkpoint model = Checkpoint.read(c.model());
    var components = new ArrayList<Component>();
    for (String name : model.components()) {
      if (!name.equals("scheduler")) {
        components.add(model.component(name));
      }
    }
    Map<String, Object> scheduler = c.object("scheduler");
    components.add(
        Component.scheduler(String.valueOf(scheduler.get("_class_name")), Config.of(scheduler)));
    return Checkpoint.of(model.index(), components);
  }

  private static StartDraws draws(ConformanceCase c) throws IOException {
    Tensor noise = c.input("x_T");
    JsonNode until = c.field("run_till_timestep");
    return (item, shape, evaluations, random) ->
        new StartDraws.Start(noise.rows((int) item, (int) item + 1), until.get((int) item).asInt());
  }

  /** The states that were denoised are inputs of the case too. */
  private static void checkStates(ConformanceCase c, List<ErasureSample> samples)
      throws IOException {
    float[] want = c.input("x_t").floats();
    float[] got = Tensor.concat(samples.stream().map(ErasureSample::x).toList()).floats();
    double[] timesteps = c.input("timesteps").doubles();
    for (int i = 0; i < want.length; i++) {
      double error = Math.abs(got[i] - want[i]);
      checkState(
          error <= 2e-5 + 1e-4 * Math.abs(want[i]),
          "x_t of iteration %s is off by %s",
          String.valueOf(i / (want.length / timesteps.length)),
          error);
    }
    for (int i = 0; i < timesteps.length; i++) {
      checkState(
          samples.get(i).timestep() == timesteps[i],
          "iteration %s is at timestep %s, expected %s",
          i,
          samples.get(i).timestep(),
          timesteps[i]);
    }
  }
}
