package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.autodiff.Recomputation;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.scheduler.PredictionType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Configures a {@link DiffusionTraining}. */
public final class DiffusionTrainingBuilder extends RunSettings<DiffusionTrainingBuilder> {
  final Config unet;
  final Optional<TextConditioning> text;
  DiffusionLoss loss =
      DiffusionLoss.simple(NoiseSchedule.linear(1000, 1e-4, 0.02), PredictionType.EPSILON);
  Optional<Component> vae = Optional.empty();
  Optional<Checkpoint> initial = Optional.empty();
  Function<Graph, Recomputation> recomputation = graph -> Recomputation.none();
  int batch = 1;
  double dropout;
  double noiseOffset;
  private @Nullable TrainingData data;
  private String dataName = "";

  DiffusionTrainingBuilder(Config unet, Optional<TextConditioning> text) {
    this.unet = requireNonNull(unet);
    this.text = text;
  }

  @Override
  protected DiffusionTrainingBuilder self() {
    return this;
  }

  /**
   * The pictures.
   *
   * @param name tells them from others: a run that was started with another name is not resumed
   */
  public DiffusionTrainingBuilder dataset(String name, TrainingData value) {
    checkArgument(value.size() > 0, "data set %s is empty", name);
    dataName = requireNonNull(name);
    data = value;
    return this;
  }

  /** Epsilon with DDPM's linear schedule unless told otherwise. */
  public DiffusionTrainingBuilder loss(DiffusionLoss value) {
    loss = requireNonNull(value);
    return this;
  }

  /** Pictures in one batch; 1 unless told otherwise. */
  public DiffusionTrainingBuilder batch(int pictures) {
    checkArgument(pictures >= 1, "batch must be >= 1, was %s", pictures);
    batch = pictures;
    return this;
  }

  /**
   * How often a caption is replaced by the empty one, or a class by the last that the network
   * knows, so that it can be guided (Ho and Salimans 2022); 0 unless told otherwise.
   */
  public DiffusionTrainingBuilder dropout(double probability) {
    checkArgument(
        0 <= probability && probability < 1, "dropout must be in [0, 1), was %s", probability);
    dropout = probability;
    return this;
  }

  /** See {@link DiffusionTarget#noise}; 0 unless told otherwise. */
  public DiffusionTrainingBuilder noiseOffset(double share) {
    checkArgument(share >= 0, "noiseOffset must be >= 0, was %s", share);
    noiseOffset = share;
    return this;
  }

  /**
   * Trains on the latents of an autoencoder, which stays as it is. Each picture is encoded once,
   * with one augmentation.
   */
  public DiffusionTrainingBuilder vae(Component value) {
    vae = Optional.of(value);
    return this;
  }

  /** Starts from the weights of a checkpoint's components instead of random ones. */
  public DiffusionTrainingBuilder initial(Checkpoint value) {
    initial = Optional.of(value);
    return this;
  }

  /** What is computed anew to save memory, see {@link TrainingGraph#of}; nothing unless told. */
  public DiffusionTrainingBuilder recomputation(Function<Graph, Recomputation> value) {
    recomputation = requireNonNull(value);
    return this;
  }

  TrainingData data() {
    checkState(data != null, "dataset(...) must be given");
    return requireNonNull(data);
  }

  String dataName() {
    return dataName;
  }

  /**
   * Opens the training: a new one, or the one that the folder holds, where it ended.
   *
   * @throws IllegalArgumentException if the folder's run was started with other settings; the
   *     message lists them
   * @throws dev.palimpsest.errors.UnsupportedModelException if the network cannot be trained so
   * @throws IllegalStateException if there is no data set or no number of steps
   */
  public DiffusionTraining open(Path folder) throws IOException {
    return DiffusionTraining.open(this, folder);
  }
}
