package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.model.ClipTokenizer;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.tensor.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The training of a diffusion network from scratch (Ho et al. 2020), with or without classes, or on
 * captions together with a text encoder. Its result is a diffusers folder. See {@link TrainingRun}
 * for what a folder of a run holds. Whoever opens it closes it. One thread.
 */
public final class DiffusionTraining implements AutoCloseable {
  private final DiffusionTrainingBuilder plan;
  private final Weights start;
  private final TrainingRun run;

  private DiffusionTraining(DiffusionTrainingBuilder plan, Weights start, TrainingRun run) {
    this.plan = plan;
    this.start = start;
    this.run = run;
  }

  /**
   * A training of a UNet2DModel, with classes if its configuration has them.
   *
   * @param unet the configuration
   */
  public static DiffusionTrainingBuilder builder(Config unet) {
    return new DiffusionTrainingBuilder(unet, Optional.empty());
  }

  /**
   * A training of a UNet2DConditionModel together with its text encoder.
   *
   * @param unet the configuration
   */
  public static DiffusionTrainingBuilder builder(Config unet, TextConditioning text) {
    return new DiffusionTrainingBuilder(unet, Optional.of(text));
  }

  static DiffusionTraining open(DiffusionTrainingBuilder plan, Path folder) throws IOException {
    TrainingData pictures = plan.data();
    var network = new DiffusionNetwork(plan);
    Optional<ClipTokenizer> tokenizer = Optional.empty();
    if (plan.text.isPresent()) {
      ClipTokenizer read = ClipTokenizer.read(plan.text.get().tokenizer());
      int most = plan.text.get().encoder().integer("max_position_embeddings", 77);
      tokenizer = Optional.of(read.withMaxLength(Math.min(most, read.maxLength())));
    }
    TrainingData data =
        plan.vae.isPresent()
            ? LatentData.encode(pictures, plan.vae.get(), plan.seed(), plan.device())
            : pictures;
    Shape item = data.item(0, SeededStream.of(plan.seed(), "item", 0)).pixels().shape();
    Graph graph = network.withLoss(item, tokenizer);
    Weights start = network.start();
    int classes = network.takesLabels() ? classes(plan.unet) : 0;
    var batches = new DiffusionBatches(data, plan, tokenizer, classes, item);
    TrainingRunBuilder builder =
        TrainingRun.builder(
                TrainingGraph.of(graph, DiffusionNetwork.trainables(graph), plan.recomputation),
                start,
                batches)
            .like(plan)
            .frozen(start);
    settings(plan, item).forEach(builder::setting);
    return new DiffusionTraining(plan, start, builder.open(folder));
  }

  private static int classes(Config unet) {
    checkArgument(
        !unet.isNull("num_class_embeds"),
        "only class numbers are trained on: the configuration needs num_class_embeds");
    return unet.integer("num_class_embeds");
  }

  private static Map<String, String> settings(DiffusionTrainingBuilder plan, Shape item) {
    Map<String, String> settings = new TreeMap<>();
    settings.put("unet", new TreeMap<>(plan.unet.asMap()).toString());
    settings.put(
        "text_encoder",
        plan.text.map(text -> new TreeMap<>(text.encoder().asMap()).toString()).orElse("none"));
    settings.put("dataset", plan.dataName() + ", " + plan.data().size() + " of " + item);
    settings.put("loss", plan.loss.toString());
    settings.put("batch", Integer.toString(plan.batch));
    settings.put("dropout", Double.toString(plan.dropout));
    settings.put("noiseOffset", Double.toString(plan.noiseOffset));
    settings.put("vae", plan.vae.map(Component::className).orElse("none"));
    settings.put("initial", plan.initial.map(Checkpoint::hash).orElse("none"));
    return settings;
  }

  /** Steps done. */
  public long step() {
    return run.step();
  }

  public long steps() {
    return run.steps();
  }

  /** {@link TrainingRun#train(TrainingListener)}. */
  public TrainingResult train(TrainingListener listener) throws IOException {
    return run.train(listener);
  }

  /** {@link TrainingRun#train(TrainingListener, Cancellation)}. */
  public TrainingResult train(TrainingListener listener, Cancellation cancellation)
      throws IOException {
    return run.train(listener, cancellation);
  }

  /**
   * The checkpoint of weights that this training gave, to be opened or saved: a DDPMPipeline, or
   * with text a StableDiffusionPipeline.
   *
   * @param weights of a {@link TrainingResult} or {@link TrainingStep}
   * @throws IllegalStateException if there is a text encoder and no autoencoder
   */
  public Checkpoint checkpoint(Weights weights) throws IOException {
    List<Component> parts = new ArrayList<>();
    String unetClass = plan.text.isPresent() ? "UNet2DConditionModel" : "UNet2DModel";
    parts.add(network(DiffusionNetwork.UNET, unetClass, plan.unet, weights));
    if (plan.text.isEmpty()) {
      parts.add(Component.scheduler("DDPMScheduler", schedulerConfig("DDPMScheduler")));
      return Checkpoint.of(index("DDPMPipeline"), parts);
    }
    checkState(plan.vae.isPresent(), "a text-to-image checkpoint needs an autoencoder: vae(...)");
    TextConditioning text = plan.text.get();
    parts.add(network(DiffusionNetwork.TEXT, "CLIPTextModel", text.encoder(), weights));
    parts.add(plan.vae.get());
    parts.add(Component.tokenizer("tokenizer", text.tokenizer()));
    parts.add(Component.scheduler("DDIMScheduler", schedulerConfig("DDIMScheduler")));
    return Checkpoint.of(index("StableDiffusionPipeline"), parts);
  }

  private Component network(String name, String className, Config config, Weights weights) {
    Map<String, Object> fields = new LinkedHashMap<>(config.asMap());
    fields.keySet().removeAll(List.of("torch_dtype", "dtype")); // what was trained is float32
    if (!name.equals(DiffusionNetwork.TEXT)) {
      fields.putIfAbsent("_class_name", className);
    } else {
      fields.putIfAbsent("architectures", List.of(className));
      fields.putIfAbsent("model_type", "clip_text_model");
    }
    return Component.network(
        name, className, Config.of(fields), DiffusionNetwork.part(name, weights, start));
  }

  private static Config index(String className) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("_class_name", className);
    fields.put("_diffusers_version", "0.42.1");
    if (className.startsWith("Stable")) {
      fields.put("requires_safety_checker", false);
      for (String absent : List.of("safety_checker", "feature_extractor", "image_encoder")) {
        fields.put(absent, nulls());
      }
    }
    return Config.of(fields);
  }

  private static List<Object> nulls() {
    List<Object> pair = new ArrayList<>();
    Collections.addAll(pair, null, null);
    return pair;
  }

  /** The noise schedule that the network was trained with, as diffusers' schedulers read it. */
  private Config schedulerConfig(String className) {
    NoiseSchedule schedule = plan.loss.schedule();
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("_class_name", className);
    fields.put("_diffusers_version", "0.42.1");
    fields.put("num_train_timesteps", schedule.timesteps());
    fields.put("prediction_type", plan.loss.prediction().name().toLowerCase(Locale.ROOT));
    if (schedule.name().equals("squaredcos_cap_v2")) {
      fields.put("beta_schedule", schedule.name());
    } else {
      fields.put("trained_betas", betas(schedule));
    }
    fields.put("clip_sample", plan.vae.isEmpty());
    if (className.equals("DDIMScheduler")) {
      fields.put("set_alpha_to_one", false);
      fields.put("steps_offset", 1);
    } else if (plan.loss.channelFactor() == 2) {
      fields.put("variance_type", "learned_range");
    }
    return Config.of(fields);
  }

  private static List<Object> betas(NoiseSchedule schedule) {
    float[] betas = schedule.betas();
    return IntStream.range(0, betas.length)
        .mapToObj(i -> (Object) Double.parseDouble(Float.toString(betas[i])))
        .collect(Collectors.toList());
  }

  /** Frees the native memory and the folder; what was not saved is lost. */
  @Override
  public void close() throws IOException {
    run.close();
  }
}
