package dev.palimpsest.esd;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.Conditioning;
import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.EncodedPrompts;
import dev.palimpsest.GeneratedImage;
import dev.palimpsest.GenerationListener;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.esd.report.PictureScorer;
import dev.palimpsest.esd.report.Proportion;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.scheduler.SchedulerConfig;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.DiffusionLoss;
import dev.palimpsest.training.DiffusionTarget;
import dev.palimpsest.training.SeededStream;
import dev.palimpsest.training.TrainingGraph;
import dev.palimpsest.training.TrainingListener;
import dev.palimpsest.training.TrainingResult;
import dev.palimpsest.training.TrainingRun;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A search for an embedding that brings an erased concept back: the erased model draws the concept
 * with token states that were found by gradient descent on its diffusion loss over pictures of the
 * model before. It is the strongest reader a concept can have, one that no prompt needs to be; what
 * it finds is still in the weights (concept inversion, Pham et al. 2024; textual inversion, Gal et
 * al. 2023).
 *
 * <p>On a folder: a search that ended early is resumed there. Whoever opens it closes it. One
 * thread.
 */
public final class ConceptInversion implements AutoCloseable {
  private static final String STATES = "encoder_hidden_states";

  private final ConceptInversionBuilder plan;
  private final EncodedPrompts prompt;
  private final AtomicReference<Examples> examples;
  private final TrainingRun run;

  /**
   * What is learned from, known as soon as it is drawn.
   *
   * @param latents of the concept's pictures, a row each
   */
  private record Examples(Tensor latents, DiffusionTarget target) {}

  private ConceptInversion(
      ConceptInversionBuilder plan,
      EncodedPrompts prompt,
      AtomicReference<Examples> examples,
      TrainingRun run) {
    this.plan = plan;
    this.prompt = prompt;
    this.examples = examples;
    this.run = run;
  }

  /**
   * A search to be configured.
   *
   * @param before the model that knows the concept
   * @param erased the same model under an erasure
   */
  public static ConceptInversionBuilder builder(Checkpoint before, Checkpoint erased) {
    return new ConceptInversionBuilder(before, erased);
  }

  static ConceptInversion open(ConceptInversionBuilder plan, Path folder) throws IOException {
    TrainedUNet.check(plan.erased);
    EncodedPrompts prompt;
    try (ConceptTexts texts = ConceptTexts.open(plan.erased, plan.device())) {
      prompt = texts.encode(plan.request.prompt(plan.prompt));
    }
    Weights weights = plan.erased.weights(TrainedUNet.UNET);
    Conditioning conditioning = prompt.positive();
    Tensor states = conditioning.get(STATES).orElseThrow();
    var examples = new AtomicReference<Examples>();
    TrainingRun run =
        TrainingRun.builder(
                TrainingGraph.of(network(plan, conditioning), List.of(STATES)),
                Weights.of(Map.of(STATES, states)),
                (at, random) -> batch(plan, requireNonNull(examples.get()), conditioning, random))
            .like(plan)
            .frozen(weights)
            .setting("prompt", plan.prompt)
            .setting("examples", plan.examples.toString())
            .setting("batch", Integer.toString(plan.batch))
            .setting("before", plan.before.hash())
            .setting("erased", plan.erased.hash())
            .open(folder);
    return new ConceptInversion(plan, prompt, examples, run);
  }

  /** The erased network, whose text states are one parameter for all rows. */
  private static Graph network(ConceptInversionBuilder plan, Conditioning conditioning) {
    Tensor states = conditioning.get(STATES).orElseThrow();
    Value wanted = Value.parameter(STATES, DType.FLOAT32, states.shape());
    Value rows = Value.concat(0, Collections.nCopies(plan.batch, wanted));
    Shape sample = TrainedUNet.latents(plan.erased).withDim(0, plan.batch);
    return TrainedUNet.withLoss(plan.erased, sample, conditioning)
        .replaceLeaves(leaf -> leaf.isInput() && STATES.equals(leaf.name()) ? rows : leaf);
  }

  private static Map<String, Tensor> batch(
      ConceptInversionBuilder plan,
      Examples examples,
      Conditioning conditioning,
      SeededStream random) {
    DiffusionTarget target = examples.target;
    var rows = new ArrayList<Tensor>();
    int[] timesteps = new int[plan.batch];
    float[] times = new float[plan.batch];
    float[] weights = new float[plan.batch];
    for (int i = 0; i < plan.batch; i++) {
      int example = random.below(plan.examples.size());
      rows.add(examples.latents.rows(example, example + 1));
      timesteps[i] = random.below(target.schedule().timesteps());
      times[i] = timesteps[i];
      weights[i] = 1;
    }
    Tensor original = Tensor.concat(rows);
    Tensor noise = random.gaussian(original.shape());
    var inputs = new HashMap<String, Tensor>();
    conditioning
        .tensors()
        .forEach(
            (name, row) -> inputs.put(name, Tensor.concat(Collections.nCopies(plan.batch, row))));
    inputs.remove(STATES);
    inputs.put(DiffusionLoss.SAMPLE, target.noisy(original, noise, timesteps));
    inputs.put("timestep", Tensor.of(Shape.of(plan.batch), times));
    inputs.put(ErasureBatches.TARGET, target.target(original, noise, timesteps));
    inputs.put(DiffusionLoss.WEIGHT, Tensor.of(Shape.of(plan.batch), weights));
    return inputs;
  }

  /**
   * Draws the examples, searches and draws the trials.
   *
   * @throws dev.palimpsest.errors.CancelledException if cancelled; the search goes on in its folder
   */
  public ConceptInversionResult run(TrainingListener listener, Cancellation cancellation)
      throws IOException {
    Proportion known;
    try (DiffusionPipeline before = pipeline(plan.before)) {
      SchedulerConfig scheduler = before.scheduler();
      var target = new DiffusionTarget(scheduler.noiseSchedule(), scheduler.predictionType());
      examples.set(new Examples(latents(before, cancellation), target));
      known = recognised(before, plan.request.prompt(plan.prompt), cancellation);
    }
    TrainingResult found = run.train(listener, cancellation);
    cancellation.throwIfCancelled();
    try (DiffusionPipeline erased = pipeline(plan.erased)) {
      GenerationRequest plain = plan.request.prompt(plan.prompt);
      Tensor states = requireNonNull(found.weights().get(STATES));
      var elicited =
          new EncodedPrompts(
              prompt.positive().with(STATES, states), prompt.negative(), prompt.warnings());
      return new ConceptInversionResult(
          plan.prompt,
          plan.subject,
          new ConceptInversionResult.Budget(
              found.step(), plan.batch, plan.examples.size(), plan.rate().peak()),
          known,
          recognised(erased, plain, cancellation),
          recognised(erased, plain.encodedPrompts(elicited), cancellation),
          states);
    }
  }

  private DiffusionPipeline pipeline(Checkpoint checkpoint) throws IOException {
    return DiffusionPipeline.builder(checkpoint)
        .device(plan.device())
        .withoutSafetyChecker() // a check would hide what the model draws
        .open();
  }

  /** The clean latents of the examples, a row each. */
  private Tensor latents(DiffusionPipeline before, Cancellation cancellation) {
    var all = new ArrayList<Tensor>();
    for (long seed : plan.examples) {
      var last = new ArrayList<Tensor>();
      GenerationListener listener =
          step -> {
            last.clear();
            last.add(step.latents());
          };
      before.generate(plan.request.prompt(plan.prompt).seeds(seed), listener, cancellation);
      all.add(last.get(0));
    }
    return Tensor.concat(all);
  }

  private Proportion recognised(
      DiffusionPipeline pipeline, GenerationRequest request, Cancellation cancellation) {
    var pictures = new ArrayList<BufferedImage>();
    for (long seed : plan.trials) {
      GeneratedImage image =
          pipeline.generate(request.seeds(seed), GenerationListener.NONE, cancellation).first();
      pictures.add(image.toBufferedImage());
    }
    List<PictureScorer.Score> scores = plan.scorer().score(pictures, plan.subject);
    return Proportion.of(scores, PictureScorer.Score::recognised);
  }

  /** Frees the native memory and the folder. */
  @Override
  public void close() throws IOException {
    run.close();
  }
}
