package dev.palimpsest.examples.conformance;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import dev.palimpsest.AdapterScale;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.lora.Lora;
import dev.palimpsest.model.ClipTextModel;
import dev.palimpsest.model.UNet2DConditionModel;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Area {@code lora}: adapters from files, live at every strength, merged, several at once. */
final class LoraCases {
  /** Components by what names of outputs begin with. */
  private static final Map<String, String> NETWORKS =
      Map.of(
          "unet", "unet",
          "text", "text_encoder",
          "text_encoder", "text_encoder",
          "text_encoder_2", "text_encoder_2");

  private static final String MERGED = "merged/";
  private static final String WEIGHTS = "weights_";

  private LoraCases() {}

  static void addTo(Map<String, CaseKind> kinds) {
    kinds.put("lora_infer", LoraCases::infer);
    kinds.put("lora_combine", LoraCases::combine);
    kinds.put("lora_generate", LoraCases::generate);
  }

  /** Every file of the case gives every output; the last is kept, all are compared. */
  private static void infer(ConformanceCase c) throws IOException {
    Checkpoint checkpoint = Checkpoint.read(c.model());
    for (JsonNode file : c.field("files")) {
      Lora lora = Lora.read(c.inArea(file.asText()));
      lora.check(checkpoint);
      for (Map.Entry<String, String> network : NETWORKS.entrySet()) {
        if (checkpoint.has(network.getValue())) {
          outputs(c, network.getKey(), checkpoint.component(network.getValue()), lora);
        }
      }
      merged(c, checkpoint.with(lora.at(1)));
    }
  }

  /** What the case asks of one network: without the adapter, and with it at each strength. */
  private static void outputs(ConformanceCase c, String prefix, Component component, Lora lora)
      throws IOException {
    String scaled = prefix + "_scale_";
    List<String> scales =
        c.expected().stream()
            .filter(name -> name.startsWith(scaled))
            .map(name -> name.substring(scaled.length()))
            .toList();
    if (!scales.isEmpty()) {
      try (var network = new Network(c, component, List.of(lora))) {
        for (String scale : scales) {
          c.put(scaled + scale, network.run(List.of(Double.parseDouble(scale))));
        }
      }
    }
    if (c.asks(prefix + "_base")) {
      try (var network = new Network(c, component, List.of())) {
        c.put(prefix + "_base", network.run(List.of()));
      }
    }
  }

  private static void merged(ConformanceCase c, Checkpoint checkpoint) {
    for (String name : c.expected()) {
      if (name.startsWith(MERGED)) {
        c.put(name, checkpoint.weights("unet").get(name.substring(MERGED.length())));
      }
    }
  }

  private static void combine(ConformanceCase c) throws IOException {
    Checkpoint checkpoint = Checkpoint.read(c.model());
    List<Lora> loras = new ArrayList<>();
    for (String name : List.of("one", "two")) {
      loras.add(Lora.read(c.inArea(c.field("files").path(name).asText())));
    }
    try (var network = new Network(c, checkpoint.component("unet"), loras)) {
      for (String name : c.expected()) {
        List<Double> scales = new ArrayList<>();
        for (String scale : name.substring(WEIGHTS.length()).split("_")) {
          scales.add(Double.parseDouble(scale));
        }
        c.put(name, network.run(scales));
      }
    }
  }

  private static void generate(ConformanceCase c) throws IOException {
    Lora lora = Lora.read(c.inArea(c.field("files").path("peft").asText()));
    AdapterScale scale = AdapterScale.of(c.field("unet_scale").asDouble()).at("text_encoder", 0);
    Tensor latents = c.input("latents");
    int factor =
        1 << (Checkpoint.read(c.model()).config("vae").strings("down_block_types").size() - 1);
    GenerationRequest request =
        PipelineCases.request(c, c.field("call"), 0, 1)
            .size((int) latents.shape().dim(3) * factor, (int) latents.shape().dim(2) * factor)
            .adapter(lora.name(), scale);
    var last = new ArrayList<Tensor>();
    try (var pipeline = PipelineCases.builder(c).adapter(lora).open()) {
      pipeline.generate(request, step -> last.add(step.latents()));
    }
    c.put("final_latents", last.get(last.size() - 1));
  }

  /** A network of the case's model with adapters beside it. */
  private static final class Network implements AutoCloseable {
    private final ConformanceCase c;
    private final Component component;
    private final List<Lora> loras;
    private final Session session;

    Network(ConformanceCase c, Component component, List<Lora> loras) {
      this.c = c;
      this.component = component;
      this.loras = loras;
      Graph graph =
          component.name().equals("unet")
              ? UNet2DConditionModel.graph(component.config())
              : ClipTextModel.graph(component.config(), List.of(ClipTextModel.LAST_HIDDEN_STATE));
      var weights = new HashMap<String, Tensor>();
      for (Lora lora : loras) {
        graph = lora.adapt(component.name(), graph);
        weights.putAll(lora.weights(component.name()));
      }
      Function<String, Tensor> parameters =
          name -> {
            Tensor added = weights.get(name);
            return added == null ? component.weights().get(name) : added;
          };
      this.session = Session.open(graph, parameters, Device.cpu());
    }

    Tensor run(List<Double> scales) throws IOException {
      var inputs = new HashMap<String, Tensor>();
      for (int i = 0; i < loras.size(); i++) {
        inputs.putAll(loras.get(i).inputs(component.name(), AdapterScale.of(scales.get(i))));
      }
      for (String name : session.inputs().keySet()) {
        if (!inputs.containsKey(name)) {
          inputs.put(
              name,
              UnetCases.as(requireNonNull(session.inputs().get(name)).dtype(), c.input(name)));
        }
      }
      return session.run(inputs).values().iterator().next();
    }

    @Override
    public void close() {
      session.close();
    }
  }
}
