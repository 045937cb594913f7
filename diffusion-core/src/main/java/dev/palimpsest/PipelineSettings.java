package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.attention.AttentionEdit;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.scheduler.Scheduler;
import dev.palimpsest.scheduler.SchedulerConfig;
import dev.palimpsest.scheduler.Schedulers;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a pipeline is opened with: the fields of {@link DiffusionPipeline.Builder} and the methods
 * that set them.
 */
abstract class PipelineSettings {
  final Checkpoint checkpoint;
  Device device = Device.cpu();
  Precision precision = Precision.AUTO;
  @Nullable Scheduler scheduler;
  @Nullable String schedulerName;
  @Nullable SchedulerConfig schedulerConfig;
  @Nullable Denoiser denoiser;
  @Nullable LatentDecoder decoder;
  boolean safetyCheckerDeclined;
  @Nullable VaeTiling vaeTiling;
  long memoryLimit = Long.MAX_VALUE;
  PixelDecoder pixelDecoder = PixelDecoder.ROUNDED;
  Upscaler upscaler = Upscaler.lanczos();
  int maxConcurrent = Integer.MAX_VALUE;
  final List<ImageCheck> checks = new ArrayList<>();
  final List<Adapters.Usual> adapters = new ArrayList<>();
  final List<AttentionEdit> edits = new ArrayList<>();

  PipelineSettings(Checkpoint checkpoint) {
    this.checkpoint = checkpoint;
  }

  abstract DiffusionPipeline.Builder self();

  /** Refuses what contradicts a checkpoint of such a family. */
  void check(ModelFamily family) {
    checkState(
        !checkpoint.declaresSafetyChecker() || safetyCheckerDeclined || !checks.isEmpty(),
        "the checkpoint declares a safety checker, which this library does not run: replace it by"
            + " addImageCheck(...) or decline it by withoutSafetyChecker()");
    checkState(
        pixelDecoder == PixelDecoder.ROUNDED || (decoder == null && !family.hasPrompts()),
        "the pixel decoder %s is for models on pixels; this one's latents are decoded otherwise",
        pixelDecoder);
  }

  /** Where it runs; default all cores of the CPU. */
  public DiffusionPipeline.Builder device(Device device) {
    this.device = requireNonNull(device);
    return self();
  }

  /** In which type networks compute; default {@link Precision#AUTO}. */
  public DiffusionPipeline.Builder precision(Precision precision) {
    this.precision = requireNonNull(precision);
    return self();
  }

  /** Another solver than the checkpoint's; noise schedule and prediction type stay its own. */
  public DiffusionPipeline.Builder scheduler(Scheduler scheduler) {
    this.scheduler = requireNonNull(scheduler);
    this.schedulerName = null;
    return self();
  }

  /**
   * Another solver by name, which takes over the fields of the checkpoint's configuration that it
   * knows.
   *
   * @throws IllegalArgumentException if there is none; the message lists the known names
   */
  public DiffusionPipeline.Builder scheduler(String name) {
    checkArgument(
        Schedulers.names().contains(name),
        "scheduler '%s' is not known; known are %s",
        name,
        Schedulers.names());
    this.schedulerName = name;
    this.scheduler = null;
    return self();
  }

  /**
   * Another scheduler configuration than the checkpoint's: noise schedule, prediction type and
   * timesteps too.
   */
  public DiffusionPipeline.Builder scheduler(SchedulerConfig config) {
    this.schedulerConfig = requireNonNull(config);
    return self();
  }

  /** A denoiser in place of the checkpoint's. The caller closes it, after the pipeline. */
  public DiffusionPipeline.Builder denoiser(Denoiser denoiser) {
    this.denoiser = requireNonNull(denoiser);
    return self();
  }

  /**
   * An adapter beside the networks, such as a LoRA; requests choose its strength, which is 1 for
   * those that do not.
   */
  public DiffusionPipeline.Builder adapter(Adapter adapter) {
    return adapter(adapter, 1);
  }

  /** An adapter with another strength for requests that do not choose one. */
  public DiffusionPipeline.Builder adapter(Adapter adapter, double scale) {
    adapters.add(new Adapters.Usual(requireNonNull(adapter), AdapterScale.of(scale)));
    return self();
  }

  /**
   * A change to the network's attention in every request, before the request's own.
   *
   * @throws IllegalArgumentException if the edit depends on a prompt or a source, which requests
   *     have
   */
  public DiffusionPipeline.Builder edit(AttentionEdit edit) {
    checkArgument(
        !edit.needsPrompt() && !edit.needsSource(),
        "the edit '%s' depends on a prompt; add it to requests, by GenerationRequest.edit",
        edit);
    edits.add(edit);
    return self();
  }

  /** A decoder in place of the checkpoint's. The caller closes it, after the pipeline. */
  public DiffusionPipeline.Builder decoder(LatentDecoder decoder) {
    this.decoder = requireNonNull(decoder);
    return self();
  }

  /**
   * A check of each picture, after those added before. The caller closes it, after the pipeline. It
   * also answers for a safety checker that the checkpoint declares.
   */
  public DiffusionPipeline.Builder addImageCheck(ImageCheck check) {
    checks.add(requireNonNull(check));
    return self();
  }

  /**
   * States that no check is wanted in place of the safety checker that the checkpoint declares.
   * Without this or {@link #addImageCheck}, such a checkpoint is not opened.
   */
  public DiffusionPipeline.Builder withoutSafetyChecker() {
    this.safetyCheckerDeclined = true;
    return self();
  }

  /**
   * How the autoencoder is applied for requests that do not choose; default {@link VaeTiling#NONE},
   * or {@link VaeTiling#EXACT} where a memory limit demands it.
   */
  public DiffusionPipeline.Builder vaeTiling(VaeTiling tiling) {
    this.vaeTiling = requireNonNull(tiling);
    return self();
  }

  /**
   * What makes pictures larger for {@link GenerationRequest#upscaledTo} and {@link Hires#pixels};
   * default {@link Upscaler#lanczos}. The caller closes it, after the pipeline.
   */
  public DiffusionPipeline.Builder upscaler(Upscaler upscaler) {
    this.upscaler = requireNonNull(upscaler);
    return self();
  }

  /**
   * How a model on pixels makes 8-bit levels of its last state; default {@link
   * PixelDecoder#ROUNDED}.
   */
  public DiffusionPipeline.Builder pixelDecoder(PixelDecoder pixelDecoder) {
    this.pixelDecoder = requireNonNull(pixelDecoder);
    return self();
  }

  /**
   * The resident memory that one generation may need in bytes, by its {@link MemoryPlan}: requests
   * that are planned to need more are refused before they start. Default: no limit.
   */
  public DiffusionPipeline.Builder memoryLimit(long bytes) {
    checkArgument(bytes > 0, "memoryLimit must be > 0, was %s", bytes);
    this.memoryLimit = bytes;
    return self();
  }

  /** Generations that run at the same time; others wait. Default: no limit. */
  public DiffusionPipeline.Builder maxConcurrent(int generations) {
    checkArgument(generations > 0, "maxConcurrent must be > 0, was %s", generations);
    this.maxConcurrent = generations;
    return self();
  }
}
