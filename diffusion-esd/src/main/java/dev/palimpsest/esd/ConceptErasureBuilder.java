package dev.palimpsest.esd;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.training.AdamW;
import dev.palimpsest.training.LearningRate;
import dev.palimpsest.training.RunSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Configures a {@link ConceptErasure}. Unless told otherwise: ESD_X, 200 iterations of Adam without
 * clipping at the method's learning rate, saved every 50.
 */
public final class ConceptErasureBuilder extends RunSettings<ConceptErasureBuilder> {
  final Checkpoint checkpoint;
  final List<String> concepts = new ArrayList<>();
  final Map<String, String> targets = new LinkedHashMap<>();
  final List<String> preserved = new ArrayList<>();
  Optional<String> from = Optional.empty();
  ErasureMethod method = ErasureMethod.ESD_X;
  double eta = 1;
  double retainWeight = 1;
  int batch = 1;
  int denoisingSteps = 50;
  double guidanceScale = 3;
  Optional<Integer> usesPerTrajectory = Optional.of(20);
  StartDraws draws = StartDraws.SEEDED;
  Consumer<ErasureSample> observer = sample -> {};
  private Optional<LearningRate> rate = Optional.empty();

  ConceptErasureBuilder(Checkpoint checkpoint) {
    this.checkpoint = requireNonNull(checkpoint);
    optimizer(AdamW.defaults().weightDecay(0)).noClipping().steps(200).saveEvery(50);
  }

  @Override
  protected ConceptErasureBuilder self() {
    return this;
  }

  /** Concepts to erase, as prompts name them; with those given before. */
  public ConceptErasureBuilder erase(String... names) {
    for (String name : names) {
      checkArgument(!name.isBlank(), "a concept to erase must not be empty");
      concepts.add(name);
    }
    return this;
  }

  /**
   * A concept to erase that is drawn as another text afterwards, such as {@code "a sketch of a
   * car"} as {@code "a photo of a car"}: the target is e_target − η (e_concept − e_null). For a
   * concept one of whose kind a picture must have, such as its style. With η 0 concept ablation
   * (Kumari et al., ICCV 2023, with the anchor's own prediction as target).
   */
  public ConceptErasureBuilder replace(String concept, String target) {
    checkArgument(!target.isBlank(), "the target of \"%s\" must not be empty", concept);
    checkArgument(!same(concept, target), "\"%s\" is replaced by itself", concept);
    erase(concept);
    targets.put(concept, target);
    return this;
  }

  /** A wider concept: only where a prompt asks for this are the concepts erased. */
  public ConceptErasureBuilder from(String wider) {
    checkArgument(!wider.isBlank(), "the concept to erase from must not be empty");
    from = Optional.of(wider);
    return this;
  }

  /** Prompts whose pictures are to stay as they are; with those given before. */
  public ConceptErasureBuilder preserve(String... prompts) {
    Collections.addAll(preserved, prompts);
    return this;
  }

  /** The weight of the loss on preserved prompts; 1 unless told otherwise. */
  public ConceptErasureBuilder retainWeight(double weight) {
    checkArgument(
        weight > 0 && Double.isFinite(weight), "retainWeight must be > 0, was %s", weight);
    retainWeight = weight;
    return this;
  }

  public ConceptErasureBuilder method(ErasureMethod value) {
    method = requireNonNull(value);
    return this;
  }

  /** Another rate than the method's. */
  @Override
  public ConceptErasureBuilder learningRate(LearningRate value) {
    rate = Optional.of(value);
    return this;
  }

  LearningRate rate() {
    return rate.orElseGet(() -> LearningRate.constant(method.learningRate()));
  }

  /** Iterations in all. */
  public ConceptErasureBuilder iterations(int count) {
    checkArgument(count >= 1, "iterations must be >= 1, was %s", count);
    return steps(count);
  }

  /**
   * How far the network is led away from a concept: η of the paper, 1 unless told otherwise. 0
   * makes it say what it says without a prompt. The reference's option negative_guidance n is η + 1
   * without a wider concept, and η with one.
   */
  public ConceptErasureBuilder eta(double value) {
    checkArgument(
        value >= 0 && Double.isFinite(value), "eta must be >= 0 and finite, was %s", value);
    eta = value;
    return this;
  }

  /** Rows of concepts that an iteration trains on, each with its own timestep; 1 in the paper. */
  public ConceptErasureBuilder batch(int rows) {
    checkArgument(rows >= 1, "batch must be >= 1, was %s", rows);
    batch = rows;
    return this;
  }

  /** Steps of a whole denoising; 50 unless told otherwise. */
  public ConceptErasureBuilder denoisingSteps(int steps) {
    checkArgument(steps >= 1, "denoisingSteps must be >= 1, was %s", steps);
    denoisingSteps = steps;
    return this;
  }

  /** Guidance of the denoising; 3 unless told otherwise, none up to 1. */
  public ConceptErasureBuilder guidanceScale(double scale) {
    checkArgument(
        scale >= 0 && Double.isFinite(scale), "guidanceScale must be >= 0, was %s", scale);
    guidanceScale = scale;
    return this;
  }

  /**
   * How many iterations a denoising serves, each at another timestep of it; 20 unless told
   * otherwise. More is faster, fewer sees more noise.
   */
  public ConceptErasureBuilder usesPerTrajectory(int uses) {
    checkArgument(uses >= 1, "usesPerTrajectory must be >= 1, was %s", uses);
    usesPerTrajectory = Optional.of(uses);
    return this;
  }

  /** Denoises anew for each row, as the reference does: many times slower. */
  public ConceptErasureBuilder exact() {
    return exact(StartDraws.SEEDED);
  }

  /** {@link #exact()} from given starts. */
  public ConceptErasureBuilder exact(StartDraws given) {
    usesPerTrajectory = Optional.empty();
    draws = requireNonNull(given);
    return this;
  }

  /** Told of each row that is trained on, before it is, on the training thread. */
  public ConceptErasureBuilder observer(Consumer<ErasureSample> listener) {
    observer = requireNonNull(listener);
    return this;
  }

  /**
   * Opens the run: a new one, or the one that the folder holds, where it ended.
   *
   * @throws IllegalArgumentException if a concept is also to be preserved, some are replaced and
   *     others erased from a wider one, or the folder's run was started with other settings; the
   *     message lists them
   * @throws IllegalStateException if no concept is given, or another run holds the folder
   * @throws UnsupportedModelException if the checkpoint has no U-Net that can be trained
   * @throws CheckpointException if weights are missing, or the folder's states cannot be read
   */
  public ConceptErasure open(Path folder) throws IOException {
    checkArgument(
        targets.isEmpty() || from.isEmpty(),
        "a concept is erased from a wider one (%s) or replaced (%s), not both",
        from,
        targets);
    checkState(!concepts.isEmpty(), "no concept is to be erased: erase(...) must be given");
    for (String concept : concepts) {
      checkArgument(
          preserved.stream().noneMatch(prompt -> same(prompt, concept)),
          "the concept \"%s\" cannot be erased and preserved",
          concept);
    }
    super.learningRate(rate());
    return ConceptErasure.open(this, folder);
  }

  /** CLIP's tokenizer sees neither case nor space around. */
  private static boolean same(String first, String second) {
    return normal(first).equals(normal(second));
  }

  private static String normal(String prompt) {
    return prompt.strip().replaceAll("\\s+", " ").toLowerCase(Locale.ROOT);
  }
}
