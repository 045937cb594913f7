package dev.palimpsest.examples.conformance;

import dev.palimpsest.Conditioning;
import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.EncodedPrompts;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.GenerationResult;
import dev.palimpsest.LatentDecoder;
import dev.palimpsest.attention.AttentionEdit;
import dev.palimpsest.attention.AttentionMaps;
import dev.palimpsest.attention.AttentionSite;
import dev.palimpsest.attention.PromptPart;
import dev.palimpsest.scheduler.DenoisingFunction;
import dev.palimpsest.scheduler.SchedulePlan;
import dev.palimpsest.scheduler.Scheduler;
import dev.palimpsest.scheduler.SchedulerRun;
import dev.palimpsest.scheduler.Step;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;

/** Area {@code p2p}: maps, edits of single evaluations, and whole ways with maps replaced. */
final class AttentionCases {
  private AttentionCases() {}

  static void addTo(Map<String, CaseKind> kinds) {
    kinds.put("attention_maps", AttentionCases::maps);
    kinds.put("attention_edit", AttentionCases::edit);
    kinds.put("attention_trajectory", AttentionCases::trajectory);
  }

  private static void maps(ConformanceCase c) throws IOException {
    try (DiffusionPipeline pipeline = open(c)) {
      for (String prompt : List.of("source", "target")) {
        var states = new ArrayList<Tensor>();
        GenerationRequest request = request(c, prompt).scheduler(evaluation(c));
        GenerationResult result =
            pipeline.generate(
                request.edit(AttentionEdit.capture()), step -> states.add(step.latents()));
        c.put(prompt + "_output", states.get(0));
        AttentionMaps captured = result.attention().get(0);
        for (AttentionSite site : captured.sites()) {
          c.put(prompt + "_map/" + site.name(), captured.of(site.name()));
        }
      }
    }
  }

  private static void edit(ConformanceCase c) throws IOException {
    GenerationRequest request = request(c, "target").scheduler(evaluation(c));
    String edit = c.field("edit").asText();
    request =
        switch (edit) {
          case "replace" -> replacing(c, request, AttentionEdit.replace());
          case "refine" -> replacing(c, request, AttentionEdit.refine(mapping(c)));
          case "reweight" ->
              request.edit(AttentionEdit.reweight(token(c), c.field("factor").asDouble()));
          case "suppress" -> request.edit(AttentionEdit.suppress(token(c)));
          case "suppress_renorm" ->
              request.edit(AttentionEdit.suppress(token(c))).edit(AttentionEdit.normalize());
          default -> throw new IllegalArgumentException("edit " + edit + " is not known");
        };
    try (DiffusionPipeline pipeline = open(c)) {
      c.put("output", states(pipeline, request).get(0));
    }
  }

  private static void trajectory(ConformanceCase c) throws IOException {
    int steps = c.field("steps").asInt();
    double replaced = c.field("replace_first_steps").asDouble() / steps;
    try (DiffusionPipeline pipeline = open(c)) {
      GenerationRequest request = request(c, "target").steps(steps);
      AttentionEdit edit = AttentionEdit.replace().during(0, replaced);
      c.putStack("target_latents", states(pipeline, replacing(c, request, edit)));
      List<Tensor> source = states(pipeline, request(c, "source").steps(steps));
      c.put("source_final", source.get(steps - 1));
    }
  }

  /** The latents after each step. */
  private static List<Tensor> states(DiffusionPipeline pipeline, GenerationRequest request) {
    var states = new ArrayList<Tensor>();
    pipeline.generate(request, step -> states.add(step.latents()));
    return states;
  }

  /** The case's model without its autoencoder. */
  private static DiffusionPipeline open(ConformanceCase c) throws IOException {
    return PipelineCases.builder(c).decoder(LatentDecoder.identity()).open();
  }

  private static GenerationRequest request(ConformanceCase c, String prompt) throws IOException {
    Tensor sample = c.input("sample");
    return GenerationRequest.of(c.field(prompt).asText(""))
        .encodedPrompts(prompts(c, prompt))
        .guidanceScale(1)
        .latents(sample)
        .size((int) sample.shape().dim(3), (int) sample.shape().dim(2));
  }

  private static GenerationRequest replacing(
      ConformanceCase c, GenerationRequest request, AttentionEdit edit) throws IOException {
    return request.source(prompts(c, "source")).edit(edit);
  }

  private static EncodedPrompts prompts(ConformanceCase c, String prompt) throws IOException {
    Conditioning text =
        Conditioning.none().with("encoder_hidden_states", c.input(prompt + "_embeds"));
    return new EncodedPrompts(text, Optional.empty(), List.of());
  }

  /** The token, or tokens, that the case names. */
  private static PromptPart token(ConformanceCase c) {
    return c.field("token").isArray()
        ? PromptPart.tokens(integers(c, "token"))
        : PromptPart.tokens(c.field("token").asInt());
  }

  private static int[] mapping(ConformanceCase c) {
    return integers(c, "mapping");
  }

  private static int[] integers(ConformanceCase c, String field) {
    return StreamSupport.stream(c.field(field).spliterator(), false)
        .flatMapToInt(node -> IntStream.of(node.asInt()))
        .toArray();
  }

  private static Scheduler evaluation(ConformanceCase c) throws IOException {
    return new Evaluation(c.input("timestep").doubles()[0]);
  }

  /** A solver of one step, whose state afterwards is what the network said. */
  private record Evaluation(double timestep) implements Scheduler {
    @Override
    public String name() {
      return "evaluation";
    }

    @Override
    public SchedulerRun begin(SchedulePlan plan) {
      return new Run(timestep);
    }

    private record Run(double timestep) implements SchedulerRun {
      @Override
      public int steps() {
        return 1;
      }

      @Override
      public int evaluations() {
        return 1;
      }

      @Override
      public double timestep(int i) {
        return timestep;
      }

      @Override
      public double[] timesteps() {
        return new double[] {timestep};
      }

      @Override
      public double[] sigmas() {
        return new double[0];
      }

      @Override
      public float initialScale() {
        return 1;
      }

      @Override
      public Tensor addNoise(Tensor original, Tensor noise, int i) {
        return noise;
      }

      @Override
      public Tensor addNoiseAt(Tensor original, Tensor noise, double... timesteps) {
        return noise;
      }

      @Override
      public Step step(int i, Tensor x, DenoisingFunction network, NoiseSource noise) {
        Tensor output = network.predict(x, timestep);
        return new Step(output, output);
      }
    }
  }
}
