package dev.palimpsest.examples;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.model.ClipTextModel;
import dev.palimpsest.model.UNet2DConditionModel;
import dev.palimpsest.model.UNet2DModel;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.DiffusionLoss;
import dev.palimpsest.training.DiffusionTraining;
import dev.palimpsest.training.DiffusionTrainingBuilder;
import dev.palimpsest.training.LearningRate;
import dev.palimpsest.training.SeededStream;
import dev.palimpsest.training.TextConditioning;
import dev.palimpsest.training.TrainingData;
import dev.palimpsest.training.TrainingItem;
import dev.palimpsest.training.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Small trained models with what they compute, for diffusers to repeat: compare/trained.py. */
@Command(
    name = "train-probe",
    hidden = true,
    mixinStandardHelpOptions = true,
    description = "Trains three small models for a few steps and writes what they compute.")
final class TrainProbeCommand implements Callable<Integer> {
  private static final int STEPS = 5;
  private static final String PROMPT = "a flat icon of a fire engine";

  @Parameters(index = "0", paramLabel = "DIR", description = "A new folder.")
  private Path folder = Path.of("probe");

  @Mixin private DeviceOptions device = new DeviceOptions();

  @Override
  public Integer call() throws IOException {
    Files.createDirectories(folder);
    Device on = device.open();
    DiffusionTrainingBuilder plain = DiffusionTraining.builder(unet(Map.of()));
    probe("unconditional", plain.dataset("waves", waves(1, 16)), on);
    DiffusionTrainingBuilder classes =
        DiffusionTraining.builder(unet(Map.of("num_class_embeds", 4, "out_channels", 2)))
            .loss(DiffusionLoss.hybrid(NoiseSchedule.squaredCosine(1000)))
            .dropout(0.2);
    probe("classes", classes.dataset("waves", waves(1, 16)), on);
    try (StarterModel starter = StarterModel.open()) {
      Checkpoint given = starter.checkpoint();
      var text = new TextConditioning(given.config("text_encoder"), given.folder("tokenizer"));
      DiffusionTrainingBuilder captions =
          DiffusionTraining.builder(textUnet(), text)
              .vae(given.component("vae"))
              .loss(
                  DiffusionLoss.simple(
                      NoiseSchedule.scaledLinear(1000, 0.00085, 0.012),
                      PredictionType.V_PREDICTION))
              .dropout(0.1);
      probe("text", captions.dataset("waves", waves(3, 64)), on);
    }
    return 0;
  }

  private static Config unet(Map<String, Object> more) {
    Map<String, Object> fields = new TreeMap<>();
    fields.put("sample_size", 16);
    fields.put("in_channels", 1);
    fields.put("out_channels", 1);
    fields.put("layers_per_block", 1);
    fields.put("block_out_channels", List.of(16, 32));
    fields.put("down_block_types", List.of("DownBlock2D", "AttnDownBlock2D"));
    fields.put("up_block_types", List.of("AttnUpBlock2D", "UpBlock2D"));
    fields.put("norm_num_groups", 8);
    fields.putAll(more);
    return Config.of(fields);
  }

  private static Config textUnet() {
    Map<String, Object> more = new TreeMap<>();
    more.put("in_channels", 4);
    more.put("out_channels", 4);
    more.put("down_block_types", List.of("CrossAttnDownBlock2D", "DownBlock2D"));
    more.put("up_block_types", List.of("UpBlock2D", "CrossAttnUpBlock2D"));
    more.put("cross_attention_dim", 128);
    more.put("attention_head_dim", 4);
    return unet(more);
  }

  /** Three waves. */
  private static TrainingData waves(int channels, int size) {
    return new TrainingData() {
      @Override
      public int size() {
        return 3;
      }

      @Override
      public TrainingItem item(int index, SeededStream random) {
        float[] pixels = new float[channels * size * size];
        for (int i = 0; i < pixels.length; i++) {
          pixels[i] = (float) Math.sin((index + 1) * 6.28 * (i % size) / size);
        }
        return new TrainingItem(
            Tensor.of(Shape.of(channels, size, size), pixels), "wave " + index, index);
      }
    };
  }

  private void probe(String name, DiffusionTrainingBuilder builder, Device on) throws IOException {
    Path model = folder.resolve(name);
    Checkpoint trained;
    builder.batch(4).learningRate(LearningRate.constant(1e-3)).steps(STEPS).seed(3).device(on);
    try (DiffusionTraining training = builder.open(folder.resolve("run-" + name))) {
      trained = training.checkpoint(training.train(TrainingListener.NONE).best());
      trained.save(model);
    }
    Map<String, Tensor> arrays = new TreeMap<>();
    network(trained, on, arrays);
    Safetensors.write(folder.resolve(name + ".safetensors"), arrays, Map.of());
    if (!name.equals("classes")) {
      picture(trained, on, folder.resolve(name + ".png"));
    }
  }

  private static void picture(Checkpoint trained, Device on, Path file) throws IOException {
    GenerationRequest request =
        trained.has("text_encoder")
            ? GenerationRequest.of(PROMPT).guidanceScale(3)
            : GenerationRequest.unconditional();
    try (var pipeline = DiffusionPipeline.builder(trained).device(on).open()) {
      pipeline.generate(request.steps(STEPS).seed(3)).first().save(file);
    }
  }

  /** Inputs and outputs of the networks. */
  private static void network(Checkpoint trained, Device on, Map<String, Tensor> arrays) {
    Config config = trained.config("unet");
    boolean text = trained.has("text_encoder");
    Graph unet = text ? UNet2DConditionModel.graph(config) : UNet2DModel.graph(config);
    SeededStream random = SeededStream.of(3, "probe");
    int channels = config.integer("in_channels");
    Map<String, Tensor> inputs = new TreeMap<>();
    inputs.put("sample", random.gaussian(Shape.of(3, channels, 16, 16)));
    inputs.put("timestep", Tensor.of(Shape.of(3), 0f, 400f, 999f));
    if (unet.inputs().containsKey("class_labels")) {
      inputs.put("class_labels", Tensor.of(Shape.of(3), 0L, 2L, 3L));
    }
    if (text) {
      Tensor ids =
          Tensor.of(
              Shape.of(3, 4), 2229L, 5L, 700L, 2230L, 2229L, 9L, 8L, 2230L, 2229L, 3L, 2L, 2230L);
      arrays.put(ClipTextModel.INPUT_IDS, ids);
      Graph encoder = ClipTextModel.graph(trained.config("text_encoder"));
      Map<String, Tensor> states =
          run(encoder, trained, "text_encoder", Map.of(ClipTextModel.INPUT_IDS, ids), on);
      inputs.put(
          "encoder_hidden_states", requireNonNull(states.get(ClipTextModel.LAST_HIDDEN_STATE)));
    }
    arrays.putAll(inputs);
    arrays.putAll(run(unet, trained, "unet", inputs, on));
  }

  private static Map<String, Tensor> run(
      Graph graph, Checkpoint model, String component, Map<String, Tensor> inputs, Device on) {
    try (Session session = Session.open(graph, model.weights(component)::get, on)) {
      return session.run(inputs);
    }
  }
}
