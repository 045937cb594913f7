package dev.palimpsest.lora;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.model.AutoencoderKLConfig;
import dev.palimpsest.model.ClipTokenizer;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.scheduler.SchedulerConfig;
import dev.palimpsest.scheduler.Schedulers;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.training.DiffusionLoss;
import dev.palimpsest.training.GraphSource;
import dev.palimpsest.training.TextToImageNetwork;
import dev.palimpsest.training.TrainingGraph;
import dev.palimpsest.training.TrainingListener;
import dev.palimpsest.training.TrainingResult;
import dev.palimpsest.training.TrainingRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * The training of a LoRA (Hu et al. 2021) for Stable Diffusion 1, 2 or XL, or any text-to-image
 * checkpoint of their kind, weight layers included. See {@link TrainingRun} for what a folder of a
 * run holds. Whoever opens it closes it. One thread.
 */
public final class LoraTraining implements AutoCloseable {
  private static final Set<String> TRAINED =
      Set.of("StableDiffusionPipeline", "StableDiffusionXLPipeline");

  private final LoraTrainingBuilder plan;
  private final LoraNetwork network;
  private final Map<String, String> metadata;
  private final List<TriggerWord.Advice> advice;
  private final TrainingRun run;

  private LoraTraining(
      LoraTrainingBuilder plan,
      LoraNetwork network,
      Map<String, String> metadata,
      List<TriggerWord.Advice> advice,
      TrainingRun run) {
    this.plan = plan;
    this.network = network;
    this.metadata = metadata;
    this.advice = advice;
    this.run = run;
  }

  /**
   * A training to be configured.
   *
   * @param base what the LoRA is for; stays as it is
   */
  public static LoraTrainingBuilder builder(Checkpoint base) {
    return new LoraTrainingBuilder(base);
  }

  static LoraTraining open(LoraTrainingBuilder plan, Path folder) throws IOException {
    checkModel(plan.base);
    Map<String, ClipTokenizer> tokenizers = tokenizers(plan.base);
    LoraNetwork network =
        LoraNetwork.of(plan.base, plan.targets, text(plan), plan.rank)
            .alpha(plan.alpha.orElse(plan.rank))
            .dropout(plan.dropout);
    if (plan.priorPrediction) {
      network = network.priorPrediction();
    }
    DiffusionLoss loss = loss(plan);
    var cache =
        new LatentCache(
            plan.latentCache.orElse(folder.resolve("latents")),
            plan.base.component("vae"),
            plan.device());
    TrainingPictures pictures =
        TrainingPictures.encode(sources(plan), targets(plan), plan.crops, plan.seed(), cache);
    int[] sizes = batches(plan, pictures.buckets());
    var order = new BucketOrder(pictures.sizes(), sizes, plan.seed());
    var batches = new LoraBatches(pictures, order, cache, tokenizers, network, plan, loss);
    int tokens = tokenizers.values().iterator().next().maxLength();
    GraphSource graphs = graphs(plan, network, loss, pictures.buckets(), sizes, tokens, order);
    Map<String, String> settings = LoraMetadata.settings(plan, pictures);
    double share = plan.textEncoder.orElse(0) / plan.learningRate().peak();
    var builder =
        TrainingRun.builder(graphs, network.initial(plan.seed()), batches)
            .like(plan)
            .frozen(network.frozen())
            .rates(name -> name.startsWith(TextToImageNetwork.UNET + ".") ? 1 : share);
    settings.forEach(builder::setting);
    Map<String, String> metadata = LoraMetadata.of(plan, pictures, settings);
    List<TriggerWord.Advice> advice =
        plan.triggers.stream()
            .map(trigger -> trigger.advice(tokenizers.values().iterator().next()))
            .collect(Collectors.toUnmodifiableList());
    return new LoraTraining(plan, network, metadata, advice, builder.open(folder));
  }

  private static void checkModel(Checkpoint base) {
    Config unet = base.config(TextToImageNetwork.UNET);
    int channels = unet.integer("in_channels", 4);
    if (!TRAINED.contains(base.className())
        || channels != AutoencoderKLConfig.of(base.config("vae")).latentChannels()) {
      throw new UnsupportedModelException(
          String.format(
              "LoRAs are trained for %s whose U-Net takes latents; this is a %s, its U-Net takes %s"
                  + " channels",
              TRAINED, base.className(), channels));
    }
  }

  private static LoraNetwork.TextMatrices text(LoraTrainingBuilder plan) {
    return plan.textEncoder.isPresent()
        ? LoraNetwork.TextMatrices.TRAINED
        : LoraNetwork.TextMatrices.FROZEN;
  }

  /** By the inputs that hold their ids. */
  private static Map<String, ClipTokenizer> tokenizers(Checkpoint base) throws IOException {
    Map<String, ClipTokenizer> tokenizers = new LinkedHashMap<>();
    for (String encoder :
        List.of(TextToImageNetwork.TEXT_ENCODER, TextToImageNetwork.TEXT_ENCODER_2)) {
      if (base.has(encoder)) {
        String name = encoder.replace("text_encoder", "tokenizer");
        ClipTokenizer read = ClipTokenizer.read(base.component(name));
        int most = base.config(encoder).integer("max_position_embeddings", 77);
        tokenizers.put(
            TextToImageNetwork.ids(encoder), read.withMaxLength(Math.min(most, read.maxLength())));
      }
    }
    return tokenizers;
  }

  private static DiffusionLoss loss(LoraTrainingBuilder plan) {
    Map<String, Object> fields = new LinkedHashMap<>(plan.base.config("scheduler").asMap());
    fields.putIfAbsent("_class_name", plan.base.component("scheduler").className());
    SchedulerConfig config = Schedulers.fromConfig(fields);
    return DiffusionLoss.weighted(config.noiseSchedule(), config.predictionType(), plan.minSnr);
  }

  /** The subject's pictures and those of its class, in rounds of about the same size. */
  private static List<TrainingPictures.Source> sources(LoraTrainingBuilder plan) {
    ImageFolder own = plan.dataset();
    Captions captions = plan.captions.with(plan.triggers);
    List<TrainingPictures.Source> sources = new ArrayList<>();
    int count = own.pictures().size();
    int classCount = plan.classPictures.map(folder -> folder.pictures().size()).orElse(count);
    sources.add(
        new TrainingPictures.Source(own, captions, 1, false, Math.max(1, classCount / count)));
    plan.classPictures.ifPresent(
        folder -> {
          String name = plan.triggers.isEmpty() ? "" : plan.triggers.get(0).className();
          ImageFolder called = name.isEmpty() ? folder : folder.captioned(name);
          sources.add(
              new TrainingPictures.Source(
                  called, plan.captions, plan.priorWeight, true, Math.max(1, count / classCount)));
        });
    return sources;
  }

  /** The resolutions, smallest first. */
  private static List<Integer> sides(LoraTrainingBuilder plan) {
    if (!plan.resolutions.isEmpty()) {
      return plan.resolutions;
    }
    Config unet = plan.base.config(TextToImageNetwork.UNET);
    int own = unet.isNull("sample_size") ? 64 : unet.integers("sample_size").get(0);
    return List.of(own * vae(plan).downscale());
  }

  private static AutoencoderKLConfig vae(LoraTrainingBuilder plan) {
    return AutoencoderKLConfig.of(plan.base.config("vae"));
  }

  private static List<List<Bucket>> targets(LoraTrainingBuilder plan) {
    int multiple = plan.multiple.orElse(8 * vae(plan).downscale());
    return sides(plan).stream()
        .map(side -> Bucket.around(side, multiple))
        .collect(Collectors.toUnmodifiableList());
  }

  /** Pictures in a batch of each bucket. */
  private static int[] batches(LoraTrainingBuilder plan, List<Bucket> buckets) {
    long side = sides(plan).get(0);
    return buckets.stream()
        .mapToInt(bucket -> (int) Math.max(1, plan.batch * side * side / bucket.pixels()))
        .toArray();
  }

  /** The graph of each bucket, made when its first batch comes. */
  private static GraphSource graphs(
      LoraTrainingBuilder plan,
      LoraNetwork network,
      DiffusionLoss loss,
      List<Bucket> buckets,
      int[] batches,
      int tokens,
      BucketOrder order) {
    AutoencoderKLConfig vae = vae(plan);
    Set<String> trained = network.initial(0).names();
    Map<Integer, TrainingGraph> made = new ConcurrentHashMap<>();
    return position ->
        requireNonNull(
            made.computeIfAbsent(
                order.place(position).bucket(),
                bucket -> {
                  Bucket size = buckets.get(bucket);
                  Shape latents =
                      Shape.of(
                          batches[bucket],
                          vae.latentChannels(),
                          size.height() / vae.downscale(),
                          size.width() / vae.downscale());
                  TrainingGraph graph =
                      TrainingGraph.of(
                          network.graph(loss, latents, tokens), trained, plan.recomputation);
                  return plan.halfPrecision ? graph.toHalfPrecision() : graph;
                }));
  }

  /** What there is to say about the trigger words, in their order. */
  public List<TriggerWord.Advice> advice() {
    return advice;
  }

  /** Steps done. */
  public long step() {
    return run.step();
  }

  public long steps() {
    return run.steps();
  }

  /** {@link #train(TrainingListener, Cancellation)} that only the listener can stop. */
  public Lora train(TrainingListener listener) throws IOException {
    return train(listener, new Cancellation());
  }

  /**
   * Trains to the last step or until cancelled, see {@link TrainingRun#train(TrainingListener,
   * Cancellation)}.
   *
   * @return the LoRA as it is then, averaged if an average is kept
   */
  public Lora train(TrainingListener listener, Cancellation cancellation) throws IOException {
    TrainingResult result = run.train(listener, cancellation);
    return lora(result.best());
  }

  /**
   * The LoRA of matrices that a step has, such as for validation pictures.
   *
   * @param matrices of a {@link dev.palimpsest.training.TrainingStep}
   */
  public Lora lora(Weights matrices) {
    Map<String, String> all = new TreeMap<>(metadata);
    all.put("ss_steps", Long.toString(run.step()));
    return network.lora(plan.name, matrices, all);
  }

  /** Frees the native memory and the folder; what was not saved is lost. */
  @Override
  public void close() throws IOException {
    run.close();
  }
}
