package dev.palimpsest.lora;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.training.LossScaling;
import dev.palimpsest.training.Recompute;
import dev.palimpsest.training.RunSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Configures a {@link LoraTraining}. */
public final class LoraTrainingBuilder extends RunSettings<LoraTrainingBuilder> {
  final Checkpoint base;
  final List<TriggerWord> triggers = new ArrayList<>();
  List<Integer> resolutions = List.of();
  LoraTargets targets = LoraTargets.ATTENTION;
  Crops crops = Crops.CENTRED;
  Captions captions = Captions.PLAIN;
  Recompute recomputation = Recompute.NOTHING;
  Optional<ImageFolder> classPictures = Optional.empty();
  Optional<Path> latentCache = Optional.empty();
  OptionalDouble textEncoder = OptionalDouble.empty();
  OptionalDouble alpha = OptionalDouble.empty();
  OptionalInt multiple = OptionalInt.empty();
  String name = "lora";
  int rank = 16;
  int batch = 1;
  double dropout;
  double noiseOffset;
  double minSnr;
  double priorWeight = 1;
  boolean priorPrediction;
  boolean halfPrecision;
  private @Nullable ImageFolder dataset;

  LoraTrainingBuilder(Checkpoint base) {
    this.base = requireNonNull(base);
  }

  @Override
  protected LoraTrainingBuilder self() {
    return this;
  }

  /** The pictures to learn. */
  public LoraTrainingBuilder dataset(ImageFolder value) {
    dataset = requireNonNull(value);
    return this;
  }

  /**
   * What the LoRA is called in provenance and {@code modelspec.title}; {@code lora} if not told.
   */
  public LoraTrainingBuilder name(String value) {
    checkArgument(!value.isBlank(), "a LoRA needs a name");
    name = value;
    return this;
  }

  /** A word that calls what is learned; more may be added. */
  public LoraTrainingBuilder trigger(TriggerWord word) {
    triggers.add(requireNonNull(word));
    return this;
  }

  /** Columns of A and rows of B; 16 unless told otherwise. */
  public LoraTrainingBuilder rank(int value) {
    checkArgument(value >= 1, "rank must be >= 1, was %s", value);
    rank = value;
    return this;
  }

  /** What matrices are scaled by, over the rank; the rank unless told otherwise. */
  public LoraTrainingBuilder alpha(double value) {
    checkArgument(Double.isFinite(value) && value > 0, "alpha must be > 0, was %s", value);
    alpha = OptionalDouble.of(value);
    return this;
  }

  /** How often a direction of the matrices is left out, see {@link LoraNetwork#dropout}. */
  public LoraTrainingBuilder dropout(double probability) {
    checkArgument(
        0 <= probability && probability < 1, "dropout must be in [0, 1), was %s", probability);
    dropout = probability;
    return this;
  }

  /** {@link LoraTargets#ATTENTION} unless told otherwise. */
  public LoraTrainingBuilder targets(LoraTargets value) {
    targets = requireNonNull(value);
    return this;
  }

  /** Trains matrices of the text encoders too, at a rate of their own. */
  public LoraTrainingBuilder textEncoder(double learningRate) {
    checkArgument(
        Double.isFinite(learningRate) && learningRate > 0,
        "a rate must be > 0, was %s",
        learningRate);
    textEncoder = OptionalDouble.of(learningRate);
    return this;
  }

  /**
   * The sides of squares whose areas pictures are brought to, in buckets of several aspect ratios;
   * each picture is shown at all of them. The model's own size unless told otherwise. Multiples of
   * {@link #multiple}, at most {@value Bucket#MAX_TARGET}.
   */
  public LoraTrainingBuilder resolutions(int... sides) {
    checkArgument(sides.length > 0, "no resolutions");
    resolutions = Arrays.stream(sides).sorted().distinct().boxed().collect(Collectors.toList());
    return this;
  }

  /** Of which all sides of buckets are multiples; eight latents (64 in SD and XL) if not told. */
  public LoraTrainingBuilder multiple(int pixels) {
    checkArgument(pixels >= 1, "multiple must be >= 1, was %s", pixels);
    multiple = OptionalInt.of(pixels);
    return this;
  }

  /**
   * Pictures in a batch of the smallest resolution; larger buckets have as many as have no more
   * pixels in all, at least one. 1 unless told otherwise.
   */
  public LoraTrainingBuilder batch(int pictures) {
    checkArgument(pictures >= 1, "batch must be >= 1, was %s", pictures);
    batch = pictures;
    return this;
  }

  /** {@link Crops#CENTRED} unless told otherwise. */
  public LoraTrainingBuilder crops(Crops value) {
    crops = requireNonNull(value);
    return this;
  }

  /** Shows the tags of captions in random order, trigger words in front. */
  public LoraTrainingBuilder shuffledCaptions() {
    captions = new Captions(List.of(), true, captions.tagDropout(), captions.dropout());
    return this;
  }

  /** How often a tag is left out of its caption, trigger words never. */
  public LoraTrainingBuilder tagDropout(double probability) {
    captions = new Captions(List.of(), captions.shuffled(), probability, captions.dropout());
    return this;
  }

  /** How often a caption is left out but for its trigger words. */
  public LoraTrainingBuilder captionDropout(double probability) {
    captions = new Captions(List.of(), captions.shuffled(), captions.tagDropout(), probability);
    return this;
  }

  /**
   * Weights timesteps by min-SNR-γ (Hang et al. 2023).
   *
   * @param gamma 5 in the paper
   */
  public LoraTrainingBuilder minSnr(double gamma) {
    checkArgument(Double.isFinite(gamma) && gamma > 0, "gamma must be > 0, was %s", gamma);
    minSnr = gamma;
    return this;
  }

  /** See {@link dev.palimpsest.training.DiffusionTarget#noise}; 0 unless told otherwise. */
  public LoraTrainingBuilder noiseOffset(double share) {
    checkArgument(share >= 0, "noiseOffset must be >= 0, was %s", share);
    noiseOffset = share;
    return this;
  }

  /**
   * Pictures of the subject's class, shown as often as the subject's so that the class keeps its
   * look (Ruiz et al. 2023). Those without a caption are called by the first trigger word's class.
   *
   * @param weight of their loss; 1 in the paper
   */
  public LoraTrainingBuilder priorPreservation(ImageFolder pictures, double weight) {
    checkArgument(
        Double.isFinite(weight) && weight > 0, "a prior's weight must be > 0, was %s", weight);
    classPictures = Optional.of(pictures);
    priorWeight = weight;
    priorPrediction = false;
    return this;
  }

  /**
   * Pictures of what the model knows, shown as often as the subject's, on which the model is to
   * predict with the LoRA what it predicts without (learning without forgetting, Li and Hoiem
   * 2016), whatever noise they were given. Holds closer than {@link #priorPreservation}, which this
   * replaces, and costs a forward pass more.
   *
   * @param weight of their loss, which is small; 1 to 10
   */
  public LoraTrainingBuilder priorPrediction(ImageFolder pictures, double weight) {
    priorPreservation(pictures, weight);
    priorPrediction = true;
    return this;
  }

  /** What is computed anew to save memory; nothing unless told. */
  public LoraTrainingBuilder recomputation(Recompute value) {
    recomputation = requireNonNull(value);
    return this;
  }

  /** Computes in half precision, for CUDA; the matrices stay float32. */
  public LoraTrainingBuilder halfPrecision() {
    halfPrecision = true;
    return lossScaling(LossScaling.DEFAULTS);
  }

  /** Where encoded pictures are kept; a folder {@code latents} in the run's unless told. */
  public LoraTrainingBuilder latentCache(Path folder) {
    latentCache = Optional.of(folder);
    return this;
  }

  ImageFolder dataset() {
    checkState(dataset != null, "dataset(...) must be given");
    return requireNonNull(dataset);
  }

  /**
   * Opens the training: a new one, or the one that the folder holds, where it ended. Encodes
   * pictures that are not cached yet.
   *
   * @throws IllegalArgumentException if the folder's run was started with other settings, which the
   *     message lists, or a target or resolution is impossible
   * @throws dev.palimpsest.errors.CheckpointException if pictures cannot be read; all of them are
   *     named
   * @throws dev.palimpsest.errors.UnsupportedModelException if the model is none from text to image
   * @throws IllegalStateException if there is no data set or no number of steps
   */
  public LoraTraining open(Path folder) throws IOException {
    return LoraTraining.open(this, folder);
  }
}
