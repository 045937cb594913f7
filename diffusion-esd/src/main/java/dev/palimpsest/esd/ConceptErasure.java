package dev.palimpsest.esd;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.Conditioning;
import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.EncodedPrompts;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.esd.Lesson.Away;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.TrainingGraph;
import dev.palimpsest.training.TrainingListener;
import dev.palimpsest.training.TrainingResult;
import dev.palimpsest.training.TrainingRun;
import dev.palimpsest.training.TrainingRunBuilder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The training that erases concepts from a model's U-Net (ESD, Gandikota et al. 2023), on a folder:
 * a run that ended early is resumed by opening its folder with the same settings, and ends in the
 * same bytes. Whoever opens it closes it. One thread.
 *
 * <p>Each iteration takes a noisy state x_t of a picture of the concept, as the frozen model
 * denoises it, and teaches the network to say there, when asked for the concept, what leads away
 * from it ({@link Lesson#target}). Numbers in exact mode as rohitgandikota/erasing, commit 25613d2.
 */
public final class ConceptErasure implements AutoCloseable {
  private final ConceptErasureBuilder plan;
  private final ErasureRecord record;
  private final DiffusionPipeline pipeline;
  private final ErasureBatches batches;
  private final TrainingRun run;

  private ConceptErasure(
      ConceptErasureBuilder plan,
      ErasureRecord record,
      DiffusionPipeline pipeline,
      ErasureBatches batches,
      TrainingRun run) {
    this.plan = plan;
    this.record = record;
    this.pipeline = pipeline;
    this.batches = batches;
    this.run = run;
  }

  /**
   * An erasure to be configured.
   *
   * @param checkpoint a text-to-image model with weights; layers on it stay beneath the erasure
   */
  public static ConceptErasureBuilder builder(Checkpoint checkpoint) {
    return new ConceptErasureBuilder(checkpoint);
  }

  static ConceptErasure open(ConceptErasureBuilder plan, Path folder) throws IOException {
    TrainedUNet.check(plan.checkpoint);
    ErasureRecord record = record(plan);
    DiffusionPipeline pipeline =
        DiffusionPipeline.builder(plan.checkpoint)
            .device(plan.device())
            .withoutSafetyChecker()
            .open();
    try {
      Shape latents = TrainedUNet.latents(plan.checkpoint);
      var base = new FrozenBase(pipeline, plan.guidanceScale, plan.denoisingSteps, latents);
      ErasureBatches batches = batches(plan, base);
      Weights weights = plan.checkpoint.weights(TrainedUNet.UNET);
      Graph network =
          TrainedUNet.withLoss(
              plan.checkpoint, latents.withDim(0, batches.size()), base.encode("").positive());
      var parameters = plan.method.parameters(weights, ParameterRule.of(plan.checkpoint));
      checkArgument(!parameters.isEmpty(), "%s trains nothing of this U-Net", plan.method);
      TrainingRunBuilder training =
          TrainingRun.builder(TrainingGraph.of(network, parameters), weights, batches)
              .like(plan)
              .frozen(weights);
      settings(plan, record).forEach(training::setting);
      return new ConceptErasure(plan, record, pipeline, batches, training.open(folder));
    } catch (IOException | RuntimeException e) {
      pipeline.close();
      throw e;
    }
  }

  private static ErasureBatches batches(ConceptErasureBuilder plan, FrozenBase base) {
    var erased = new ArrayList<Lesson>();
    var preserved = new ArrayList<Lesson>();
    for (String concept : plan.concepts) {
      erased.add(erasing(plan, base, concept));
    }
    for (String prompt : plan.preserved) {
      EncodedPrompts encoded = base.encode(prompt);
      preserved.add(new Lesson("stay " + prompt, rows(encoded), prompt, Optional.empty()));
    }
    List<Course> courses = new ArrayList<>(List.of(course(plan, base, erased, 1)));
    if (!preserved.isEmpty()) {
      courses.add(course(plan, base, preserved, plan.retainWeight));
    }
    return new ErasureBatches(courses, plan.batch, plan.observer);
  }

  private static Course course(
      ConceptErasureBuilder plan, FrozenBase base, List<Lesson> lessons, double weight) {
    long uses = Math.max(1, plan.steps() * plan.batch / lessons.size());
    StateSource states =
        plan.usesPerTrajectory.isPresent()
            ? new StatePool(base, plan.seed(), plan.usesPerTrajectory.get(), uses)
            : StateSource.exact(base, plan.seed(), plan.draws);
    return new Course(lessons, states, weight);
  }

  private static Lesson erasing(ConceptErasureBuilder plan, FrozenBase base, String concept) {
    EncodedPrompts encoded = base.encode(concept);
    String name = "erase " + concept;
    String target = plan.targets.get(concept);
    if (target != null) {
      List<Conditioning> rows = rows(encoded, base.encode(target));
      return new Lesson(name, rows, concept, Optional.of(Away.fromTarget(plan.eta)));
    }
    if (plan.from.isPresent()) {
      List<Conditioning> rows = rows(base.encode(plan.from.get()), encoded);
      return new Lesson(name, rows, plan.from.get(), Optional.of(Away.fromWider(plan.eta)));
    }
    return new Lesson(name, rows(encoded), concept, Optional.of(Away.fromNothing(plan.eta)));
  }

  private static List<Conditioning> rows(EncodedPrompts prompt, EncodedPrompts other) {
    return List.of(prompt.negative().orElseThrow(), prompt.positive(), other.positive());
  }

  private static List<Conditioning> rows(EncodedPrompts encoded) {
    return List.of(encoded.negative().orElseThrow(), encoded.positive());
  }

  private static ErasureRecord record(ConceptErasureBuilder plan) {
    ErasureRecord record =
        ErasureRecord.of(plan.checkpoint, plan.method.name(), plan.concepts)
            .preserving(plan.preserved)
            .with("eta", plan.eta)
            .with("seed", plan.seed())
            .with("batch", plan.batch)
            .with("denoising_steps", plan.denoisingSteps)
            .with("guidance_scale", plan.guidanceScale)
            .with(
                "states",
                plan.usesPerTrajectory
                    .map(uses -> "pool, " + uses + " uses a trajectory")
                    .orElse("exact"));
    for (String wider : plan.from.stream().toList()) {
      record = record.with("from", wider);
    }
    for (Map.Entry<String, String> target : plan.targets.entrySet()) {
      record = record.with("target of " + target.getKey(), quoted(List.of(target.getValue())));
    }
    return plan.preserved.isEmpty() ? record : record.with("retain_weight", plan.retainWeight);
  }

  /** What a resumed run must share beside the training's own settings. */
  private static Map<String, String> settings(ConceptErasureBuilder plan, ErasureRecord record) {
    var settings = new TreeMap<String, String>(record.settings());
    settings.remove("seed");
    settings.put("method", record.method());
    settings.put("concepts", quoted(record.concepts()));
    settings.put("preserved", quoted(record.preserved()));
    settings.put("base_hash", record.baseHash());
    settings.put("layers_beneath", quoted(record.layersBeneath()));
    settings.put("draws", plan.draws == StartDraws.SEEDED ? "seeded" : "given");
    return settings;
  }

  private static String quoted(List<String> texts) {
    return texts.stream().map(text -> '"' + text + '"').collect(Collectors.joining(", "));
  }

  /** Iterations done. */
  public long iteration() {
    return run.step();
  }

  public long iterations() {
    return run.steps();
  }

  /** {@link #train(TrainingListener, Cancellation)} that only the listener can stop. */
  public Erasure train(TrainingListener listener) throws IOException {
    return train(listener, new Cancellation());
  }

  /**
   * Trains to the last iteration or until cancelled, and saves the state reached. An erasure that
   * was cancelled is one of fewer iterations; {@link #train} called again, or on the folder opened
   * again, goes on from there.
   *
   * @throws IOException if a state cannot be saved; those before it are intact
   * @throws dev.palimpsest.errors.TrainingDivergedException if the loss is not finite; opening the
   *     folder again gives the last saved state, whose {@link #erasure} is the last good one
   */
  public Erasure train(TrainingListener listener, Cancellation cancellation) throws IOException {
    batches.cancelledBy(cancellation);
    return erasure(run.train(listener, cancellation));
  }

  /** The erasure as it is now. */
  public Erasure erasure() {
    return erasure(run.result());
  }

  private Erasure erasure(TrainingResult result) {
    Weights trained = result.best();
    var tensors = new TreeMap<String, Tensor>();
    trained.names().forEach(name -> tensors.put(name, requireNonNull(trained.get(name))));
    return Erasure.of(
        record.with("iterations", result.step()).with("learning_rate", plan.rate().peak()),
        tensors);
  }

  /** Frees the native memory and the folder; what was not saved is lost. */
  @Override
  public void close() throws IOException {
    try {
      run.close();
    } finally {
      pipeline.close();
    }
  }
}
