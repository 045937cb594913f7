package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;
import static java.util.Objects.requireNonNull;

import com.google.common.base.Suppliers;
import dev.palimpsest.attention.AttentionEdit;
import dev.palimpsest.attention.AttentionMaps;
import dev.palimpsest.attention.AttentionSite;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.WeightLayer;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.image.PictureError;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.likelihood.BitsPerDim;
import dev.palimpsest.likelihood.Likelihood;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.scheduler.Ddpm;
import dev.palimpsest.scheduler.DenoisingFunction;
import dev.palimpsest.scheduler.SchedulePlan;
import dev.palimpsest.scheduler.Scheduler;
import dev.palimpsest.scheduler.SchedulerConfig;
import dev.palimpsest.scheduler.SchedulerRun;
import dev.palimpsest.scheduler.Schedulers;
import dev.palimpsest.scheduler.Step;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A loaded diffusion model that generates pictures from requests. Thread-safe: any number of
 * threads may generate at once, each getting what it would get alone.
 *
 * <pre>{@code
 * try (var pipeline = DiffusionPipeline.builder(Checkpoint.read(dir)).open()) {
 *   pipeline.generate(GenerationRequest.of("a red house").seed(7)).first().save(Path.of("house.png"));
 * }
 * }</pre>
 *
 * <p>It holds native memory: close it. Closing waits for generations under way; cancel them first
 * where that is too long.
 */
public final class DiffusionPipeline implements AutoCloseable {
  private final ModelParts model;
  private final List<ImageCheck> checks;
  private final PixelDecoder pixelDecoder;
  private final Upscaler upscaler;
  private final @Nullable VaeTiling vaeTiling;
  private final long memoryLimit;
  private final Semaphore permits;
  private final Supplier<LatentPreview> preview;
  private final ReentrantReadWriteLock lifecycle = new ReentrantReadWriteLock();
  private boolean closed; // written under the write lock

  private DiffusionPipeline(Builder builder, ModelParts model) {
    this.model = model;
    this.checks = List.copyOf(builder.checks);
    this.pixelDecoder = builder.pixelDecoder;
    this.upscaler = builder.upscaler;
    this.vaeTiling = builder.vaeTiling;
    this.memoryLimit = builder.memoryLimit;
    this.permits = new Semaphore(builder.maxConcurrent, true);
    this.preview =
        Suppliers.memoize(() -> LatentPreview.fit(model.decoder(), model.denoiser().channels()));
  }

  public static Builder builder(Checkpoint checkpoint) {
    return new Builder(requireNonNull(checkpoint));
  }

  /**
   * Generates.
   *
   * @throws IllegalArgumentException if the request does not fit the model
   * @throws IllegalStateException if the pipeline is closed
   */
  public GenerationResult generate(GenerationRequest request) {
    return generate(request, GenerationListener.NONE);
  }

  /**
   * Generates and tells of each step.
   *
   * @throws dev.palimpsest.errors.CancelledException if the listener cancelled
   */
  public GenerationResult generate(GenerationRequest request, GenerationListener listener) {
    return generate(request, listener, new Cancellation());
  }

  /**
   * Generates, until done or cancelled from any thread.
   *
   * @throws dev.palimpsest.errors.CancelledException if cancelled; within one step at most
   */
  public GenerationResult generate(
      GenerationRequest request, GenerationListener listener, Cancellation cancellation) {
    return whileOpen(() -> run(ResolvedRequest.of(request, model), listener, cancellation));
  }

  /**
   * The memory that generating would need, with the tiling that would be used.
   *
   * @throws IllegalArgumentException if the request does not fit the model or the pipeline's {@link
   *     Builder#memoryLimit}
   * @throws dev.palimpsest.errors.UnsupportedModelException if the network or the autoencoder is an
   *     ONNX export
   */
  public MemoryPlan memoryPlan(GenerationRequest request) {
    return whileOpen(() -> memoryPlan(ResolvedRequest.of(request, model)));
  }

  /** Encodes a request's prompt alone: the conditioning that {@link #generate} would use. */
  public EncodedPrompts encodePrompt(GenerationRequest request) {
    return whileOpen(
        () -> {
          ResolvedRequest resolved = ResolvedRequest.of(request, model);
          return prompts(resolved, guidance(resolved) != null, new Cancellation());
        });
  }

  /**
   * The variational bound on −log₂ p of a picture, in bits per dimension, as the model's own
   * process gives it, whatever solver the pipeline has.
   *
   * @param picture at a size that the network takes; gray for a model of one channel
   * @throws dev.palimpsest.errors.UnsupportedModelException for a model that works on latents
   * @throws IllegalArgumentException if the request does not fit the model
   */
  public BitsPerDim bitsPerDim(BufferedImage picture, LikelihoodRequest request) {
    return bitsPerDim(
            Pictures.toTensor(picture), request, Likelihood.Listener.NONE, new Cancellation())
        .get(0);
  }

  /**
   * As {@link #bitsPerDim(BufferedImage, LikelihoodRequest)}, for several pictures in one batch,
   * telling of each evaluation, until done or cancelled from any thread.
   *
   * @param pictures [pictures, channels, height, width], levels 2k/255 − 1 of 8 bits; for a model
   *     of one channel three equal ones are as good
   * @return one for each picture
   * @throws dev.palimpsest.errors.CancelledException if cancelled
   */
  public List<BitsPerDim> bitsPerDim(
      Tensor pictures,
      LikelihoodRequest request,
      Likelihood.Listener listener,
      Cancellation cancellation) {
    return whileOpen(
        () -> new PictureLikelihood(model, request).evaluate(pictures, listener, cancellation));
  }

  /** {@link #invert(GenerationRequest, GenerationListener, Cancellation)} without a listener. */
  public Inversion invert(GenerationRequest request) {
    return invert(request, GenerationListener.NONE, new Cancellation());
  }

  /**
   * Brings the picture of a request back to the noise that leads to it: DDIM run backwards from the
   * picture's latents (Song et al. 2021, section 4.3; diffusers' DDIMInverseScheduler).
   *
   * <p>Each step takes the network's output at a state for that at the next one, so the way back is
   * exact only as the steps become many. With a guidance scale above 1 the error of a step grows
   * with the scale and the picture may not come back at all; invert with a scale of 1.
   *
   * @param request with a picture, without mask, strength, latents, timesteps and several images;
   *     its solver is not used
   * @throws IllegalArgumentException if the request does not fit
   * @throws dev.palimpsest.errors.CancelledException if cancelled; within one step at most
   */
  public Inversion invert(
      GenerationRequest request, GenerationListener listener, Cancellation cancellation) {
    checkArgument(request.image().isPresent(), "there is no picture to invert; set image");
    checkArgument(request.mask().isEmpty(), "a picture is inverted as a whole; leave out the mask");
    checkArgument(request.strength().isEmpty(), "inversion makes all steps; leave out strength");
    checkArgument(
        request.timesteps().isEmpty(), "inversion takes a number of steps; leave out timesteps");
    checkArgument(
        request.edits().isEmpty() && !request.hasSource(),
        "inversion takes no attention edits and no source; they are for what follows it");
    checkArgument(
        request.images() == 1, "one picture is inverted at a time, not %s", request.images());
    return whileOpen(() -> inverted(ResolvedRequest.of(request, model), listener, cancellation));
  }

  /**
   * Generates the picture of an inversion again, and says how far it is from the original.
   *
   * @throws IllegalStateException if a check rejects the picture
   */
  public Reconstruction reconstruct(
      Inversion inversion, GenerationListener listener, Cancellation cancellation) {
    var last = new AtomicReference<>(inversion.latents());
    GeneratedImage image =
        generate(
                inversion.request(),
                step -> {
                  last.set(step.latents());
                  listener.onStep(step);
                },
                cancellation)
            .first();
    Tensor autoencoded =
        whileOpen(() -> Pictures.toUnit(model.decoder().decode(inversion.encoded(), cancellation)));
    return new Reconstruction(
        image,
        PictureError.of(inversion.pixels(), autoencoded),
        PictureError.of(autoencoded, image.pixels()),
        PictureError.of(inversion.pixels(), image.pixels()),
        relativeError(inversion.encoded(), requireNonNull(last.get())));
  }

  private static double relativeError(Tensor expected, Tensor actual) {
    float[] none = new float[Math.toIntExact(expected.elements())];
    return PictureError.of(expected, actual).rootMeanSquare()
        / PictureError.of(expected, Tensor.of(expected.shape(), none)).rootMeanSquare();
  }

  private <T> T whileOpen(Supplier<T> work) {
    lifecycle.readLock().lock();
    try {
      checkState(!closed, "the pipeline is closed");
      permits.acquireUninterruptibly();
      try {
        return work.get();
      } finally {
        permits.release();
      }
    } finally {
      lifecycle.readLock().unlock();
    }
  }

  /** Generates on an executor. Cancelling the future stops the native run. */
  public CompletableFuture<GenerationResult> generateAsync(
      GenerationRequest request, Executor executor) {
    var cancellation = new Cancellation();
    var future = new CompletableFuture<GenerationResult>();
    future.whenComplete(
        (result, failure) -> {
          if (future.isCancelled()) {
            cancellation.cancel();
          }
        });
    executor.execute(
        () -> {
          try {
            cancellation.throwIfCancelled();
            future.complete(generate(request, GenerationListener.NONE, cancellation));
          } catch (Throwable failure) {
            future.completeExceptionally(failure);
          }
        });
    return future;
  }

  /** The whole way of a request: text, noise, denoising, pixels, checks. */
  private GenerationResult run(
      ResolvedRequest request, GenerationListener listener, Cancellation cancellation) {
    ModelParts model = fitting(request);
    var extras = new LargePicture(model, request, cancellation);
    Hires hires = request.request().hires().orElse(null);
    Sample sample;
    if (hires == null) {
      sample = sample(model, request, null, listener, cancellation);
    } else {
      ResolvedRequest small = extras.firstPass(hires);
      Tensor latents = sample(model, small, null, listener, cancellation).end().x();
      Tensor start = extras.enlarged(latents, hires, upscaler);
      ResolvedRequest second = request.strength(hires.strength());
      sample = sample(model, second, start, listener, cancellation);
    }
    Tensor pixels =
        pixelDecoder == PixelDecoder.ROUNDED
            ? Pictures.toUnit(model.decoder().decode(sample.end().x(), cancellation))
            : sample.pixels(pixelDecoder);
    var warnings = new ArrayList<>(sample.warnings());
    warnings.addAll(model.adapters().warnings(request.request()));
    Tensor large = extras.upscaled(pixels, upscaler);
    return collect(request, large, warnings, sample.attention(), cancellation);
  }

  /** The parts with the autoencoder as the request says, or as the memory limit demands. */
  private ModelParts fitting(ResolvedRequest request) {
    return memoryLimit == Long.MAX_VALUE
        ? model.tiledFor(request.request())
        : model.tiledFor(request.request().vaeTiling(memoryPlan(request).tiling()));
  }

  private MemoryPlan memoryPlan(ResolvedRequest request) {
    List<VaeTiling> tilings =
        request
            .request()
            .vaeTiling()
            .or(() -> Optional.ofNullable(vaeTiling))
            .map(List::of)
            .orElse(List.of(VaeTiling.NONE, VaeTiling.EXACT));
    return new MemoryPlanner(model).choose(request, tilings, memoryLimit);
  }

  /** A finished denoising and what its last step is decoded with. */
  private record Sample(
      Step end,
      LastStep last,
      Scheduler scheduler,
      SchedulePlan plan,
      NoiseSource noise,
      List<String> warnings,
      List<AttentionMaps> attention) {
    Tensor pixels(PixelDecoder how) {
      return last.decode(how, (Ddpm) scheduler, plan, end.denoised(), noise);
    }
  }

  /**
   * Text, noise, denoising.
   *
   * @param original latents to start from at the request's strength; null to start as it says
   */
  private Sample sample(
      ModelParts model,
      ResolvedRequest request,
      @Nullable Tensor original,
      GenerationListener listener,
      Cancellation cancellation) {
    Guidance guidance = guidance(request);
    EncodedPrompts prompts = prompts(request, guidance != null, cancellation);
    NoiseSource noise = request.noise();
    Scheduler scheduler = schedulerFor(request);
    LastStep.check(pixelDecoder, scheduler);
    SchedulePlan plan = plan(request);
    SchedulerRun solver = scheduler.begin(plan);
    var states = new InitialStates(model, request, solver, cancellation);
    InitialState start = original == null ? states.draw(noise) : states.from(original, noise);
    try (RequestEdits edits = RequestEdits.open(model, request, prompts, cancellation)) {
      InitialState all = edits.sources().with(start);
      var last = new LastStep(edits.network(guidance, all, cancellation));
      NoiseSource shared = edits.sources().with(noise);
      Step end = denoise(solver, last, all, shared, edits, listener, cancellation);
      return new Sample(end, last, scheduler, plan, noise, prompts.warnings(), edits.mapsOfRun());
    }
  }

  private Inversion inverted(
      ResolvedRequest request, GenerationListener listener, Cancellation cancellation) {
    ModelParts model = this.model.tiledFor(request.request());
    Guidance guidance = guidance(request);
    EncodedPrompts prompts = prompts(request, guidance != null, cancellation);
    Tensor pixels = InitialStates.pixels(request);
    Tensor encoded = InitialStates.encoded(model, pixels, cancellation);
    var start = new InitialState(encoded, null, null);
    SchedulerRun solver = Schedulers.ddimInverse().begin(model.plan(request.steps()));
    Tensor latents;
    try (RequestEdits edits = RequestEdits.open(model, request, prompts, cancellation)) {
      DenoisingFunction network = edits.network(guidance, start, cancellation);
      NoiseSource noise = request.noise();
      latents = denoise(solver, network, start, noise, edits, listener, cancellation).x();
    }
    GenerationRequest again =
        request
            .request()
            .startingFrom(latents, request.width(), request.height())
            .scheduler(Schedulers.ddim());
    return new Inversion(Pictures.toUnit(pixels), encoded, latents, again, prompts.warnings());
  }

  private EncodedPrompts prompts(
      ResolvedRequest request, boolean guided, Cancellation cancellation) {
    EncodedPrompts given = request.request().encodedPrompts().orElse(null);
    if (given == null) {
      return model.prompts().encode(request.request(), request.size(), guided, cancellation);
    }
    checkArgument(
        !guided || given.negative().isPresent(),
        "guidance needs encoded prompts with a negative half; encode them with guidance");
    return guided
        ? given
        : new EncodedPrompts(given.positive(), Optional.empty(), given.warnings());
  }

  private @Nullable Guidance guidance(ResolvedRequest request) {
    return request.guidanceScale() > 1 && !model.embedsGuidance()
        ? new Guidance(request.guidanceScale(), request.request().guidanceRescale())
        : null;
  }

  private Scheduler schedulerFor(ResolvedRequest request) {
    return request.request().scheduler().orElse(model.scheduler().scheduler());
  }

  private SchedulePlan plan(ResolvedRequest request) {
    SchedulePlan plan =
        request.request().timesteps().map(model::plan).orElseGet(() -> model.plan(request.steps()));
    return Double.isNaN(request.strength()) ? plan : plan.strength(request.strength());
  }

  /** The last step made. */
  private Step denoise(
      SchedulerRun solver,
      DenoisingFunction network,
      InitialState start,
      NoiseSource noise,
      RequestEdits edits,
      GenerationListener listener,
      Cancellation cancellation) {
    Tensor x = start.x();
    Step last = edits.sources().without(new Step(x, x, List.of()));
    for (int i = 0; i < solver.steps(); i++) {
      cancellation.throwIfCancelled();
      edits.begin(i, solver.steps());
      Step step = solver.step(i, x, network, noise);
      x = start.blend() == null ? step.x() : start.blend().apply(solver, step.x(), i + 1);
      last = edits.sources().without(new Step(x, step.denoised(), step.evaluations()));
      listener.onStep(
          new GenerationStep(
              i + 1,
              solver.steps(),
              solver.timestep(i),
              last,
              latents -> preview.get().render(latents),
              cancellation,
              edits.mapsOfStep()));
    }
    cancellation.throwIfCancelled();
    return last;
  }

  private GenerationResult collect(
      ResolvedRequest request,
      Tensor pixels,
      List<String> warnings,
      List<AttentionMaps> attention,
      Cancellation cancellation) {
    var images = new ArrayList<GeneratedImage>();
    var rejected = new ArrayList<GenerationResult.Rejection>();
    List<List<ImageCheck.Verdict>> verdicts =
        checks.stream()
            .map(check -> check.check(pixels, cancellation))
            .collect(Collectors.toList());
    for (int i = 0; i < request.images(); i++) {
      int image = i;
      String reasons =
          verdicts.stream()
              .map(each -> each.get(image))
              .filter(verdict -> !verdict.accepted())
              .map(ImageCheck.Verdict::reason)
              .collect(Collectors.joining("; "));
      if (reasons.isEmpty()) {
        images.add(
            new GeneratedImage(
                pixels.rows(i, i + 1), request.seeds().get(i), () -> provenance(request, image)));
      } else {
        rejected.add(new GenerationResult.Rejection(request.seeds().get(i), reasons));
      }
    }
    return new GenerationResult(images, rejected, warnings, attention);
  }

  private Provenance provenance(ResolvedRequest request, int image) {
    return new Provenance(
        model.name(),
        model.checkpoint().hash(),
        model.checkpoint().layers().stream()
            .map(WeightLayer::description)
            .collect(Collectors.toList()),
        model.adapters().describe(request.request()),
        edits(request),
        schedulerFor(request).name(),
        request.steps(),
        request.guidanceScale(),
        request.seeds().get(image),
        request.width(),
        request.height(),
        request.strength(),
        request.request().prompt(),
        request.request().negativePrompt(),
        request.request().clipSkip(),
        LargePicture.describe(request.request()));
  }

  private List<String> edits(ResolvedRequest request) {
    return Stream.concat(model.edits().stream(), request.request().edits().stream())
        .map(AttentionEdit::description)
        .collect(Collectors.toList());
  }

  /**
   * The network's attention layers, which edits select from, in its order.
   *
   * @throws dev.palimpsest.errors.UnsupportedModelException if the denoiser is the caller's own
   */
  public List<AttentionSite> attentionSites() {
    return whileOpen(() -> RequestEdits.editable(model.denoiser()).editable().graph().sites());
  }

  /** The checkpoint this pipeline was opened on. */
  public Checkpoint checkpoint() {
    return model.checkpoint();
  }

  /** The network alone; borrowed until the pipeline is closed. */
  public Denoiser denoiser() {
    return model.denoiser();
  }

  /** The solver and noise schedule that requests without a scheduler of their own use. */
  public SchedulerConfig scheduler() {
    return model.scheduler();
  }

  /** Releases native memory; waits for generations under way. Closing twice is harmless. */
  @Override
  public void close() {
    checkState(
        lifecycle.getReadHoldCount() == 0, "a pipeline cannot be closed by its own listener");
    lifecycle.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        model.close();
      }
    } finally {
      lifecycle.writeLock().unlock();
    }
  }

  /** Says how to open a pipeline; {@link #open} may be called more than once. */
  public static final class Builder {
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

    private Builder(Checkpoint checkpoint) {
      this.checkpoint = checkpoint;
    }

    /** Where it runs; default all cores of the CPU. */
    public Builder device(Device device) {
      this.device = requireNonNull(device);
      return this;
    }

    /** In which type networks compute; default {@link Precision#AUTO}. */
    public Builder precision(Precision precision) {
      this.precision = requireNonNull(precision);
      return this;
    }

    /** Another solver than the checkpoint's; noise schedule and prediction type stay its own. */
    public Builder scheduler(Scheduler scheduler) {
      this.scheduler = requireNonNull(scheduler);
      this.schedulerName = null;
      return this;
    }

    /**
     * Another solver by name, which takes over the fields of the checkpoint's configuration that it
     * knows.
     *
     * @throws IllegalArgumentException if there is none; the message lists the known names
     */
    public Builder scheduler(String name) {
      checkArgument(
          Schedulers.names().contains(name),
          "scheduler '%s' is not known; known are %s",
          name,
          Schedulers.names());
      this.schedulerName = name;
      this.scheduler = null;
      return this;
    }

    /**
     * Another scheduler configuration than the checkpoint's: noise schedule, prediction type and
     * timesteps too.
     */
    public Builder scheduler(SchedulerConfig config) {
      this.schedulerConfig = requireNonNull(config);
      return this;
    }

    /** A denoiser in place of the checkpoint's. The caller closes it, after the pipeline. */
    public Builder denoiser(Denoiser denoiser) {
      this.denoiser = requireNonNull(denoiser);
      return this;
    }

    /**
     * An adapter beside the networks, such as a LoRA; requests choose its strength, which is 1 for
     * those that do not.
     */
    public Builder adapter(Adapter adapter) {
      return adapter(adapter, 1);
    }

    /** An adapter with another strength for requests that do not choose one. */
    public Builder adapter(Adapter adapter, double scale) {
      adapters.add(new Adapters.Usual(requireNonNull(adapter), AdapterScale.of(scale)));
      return this;
    }

    /**
     * A change to the network's attention in every request, before the request's own.
     *
     * @throws IllegalArgumentException if the edit depends on a prompt or a source, which requests
     *     have
     */
    public Builder edit(AttentionEdit edit) {
      checkArgument(
          !edit.needsPrompt() && !edit.needsSource(),
          "the edit '%s' depends on a prompt; add it to requests, by GenerationRequest.edit",
          edit);
      edits.add(edit);
      return this;
    }

    /** A decoder in place of the checkpoint's. The caller closes it, after the pipeline. */
    public Builder decoder(LatentDecoder decoder) {
      this.decoder = requireNonNull(decoder);
      return this;
    }

    /**
     * A check of each picture, after those added before. The caller closes it, after the pipeline.
     * It also answers for a safety checker that the checkpoint declares.
     */
    public Builder addImageCheck(ImageCheck check) {
      checks.add(requireNonNull(check));
      return this;
    }

    /**
     * States that no check is wanted in place of the safety checker that the checkpoint declares.
     * Without this or {@link #addImageCheck}, such a checkpoint is not opened.
     */
    public Builder withoutSafetyChecker() {
      this.safetyCheckerDeclined = true;
      return this;
    }

    /**
     * How the autoencoder is applied for requests that do not choose; default {@link
     * VaeTiling#NONE}, or {@link VaeTiling#EXACT} where a memory limit demands it.
     */
    public Builder vaeTiling(VaeTiling tiling) {
      this.vaeTiling = requireNonNull(tiling);
      return this;
    }

    /**
     * What makes pictures larger for {@link GenerationRequest#upscaledTo} and {@link Hires#pixels};
     * default {@link Upscaler#lanczos}. The caller closes it, after the pipeline.
     */
    public Builder upscaler(Upscaler upscaler) {
      this.upscaler = requireNonNull(upscaler);
      return this;
    }

    /**
     * How a model on pixels makes 8-bit levels of its last state; default {@link
     * PixelDecoder#ROUNDED}.
     */
    public Builder pixelDecoder(PixelDecoder pixelDecoder) {
      this.pixelDecoder = requireNonNull(pixelDecoder);
      return this;
    }

    /**
     * The resident memory that one generation may need in bytes, by its {@link MemoryPlan}:
     * requests that are planned to need more are refused before they start. Default: no limit.
     */
    public Builder memoryLimit(long bytes) {
      checkArgument(bytes > 0, "memoryLimit must be > 0, was %s", bytes);
      this.memoryLimit = bytes;
      return this;
    }

    /** Generations that run at the same time; others wait. Default: no limit. */
    public Builder maxConcurrent(int generations) {
      checkArgument(generations > 0, "maxConcurrent must be > 0, was %s", generations);
      this.maxConcurrent = generations;
      return this;
    }

    /**
     * Opens the pipeline; the caller closes it.
     *
     * @throws CheckpointException if weights are missing, misshapen or left over, or an adapter
     *     does not fit the checkpoint
     * @throws IOException if a file cannot be read
     * @throws dev.palimpsest.errors.UnsupportedModelException if the checkpoint is of a kind, or
     *     has a configuration, that this library does not run
     * @throws dev.palimpsest.errors.DeviceUnavailableException if the device cannot be used
     * @throws IllegalStateException if the checkpoint declares a safety checker and nothing was
     *     said about it, a pixel decoder is wanted of a model that decodes latents, or two adapters
     *     have one name
     */
    public DiffusionPipeline open() throws IOException {
      checkState(
          !checkpoint.declaresSafetyChecker() || safetyCheckerDeclined || !checks.isEmpty(),
          "the checkpoint declares a safety checker, which this library does not run: replace it by"
              + " addImageCheck(...) or decline it by withoutSafetyChecker()");
      ModelParts model = ModelLoader.open(this);
      try {
        checkState(
            pixelDecoder == PixelDecoder.ROUNDED
                || (decoder == null && !model.family().hasPrompts()),
            "the pixel decoder %s is for models on pixels; this one's latents are decoded otherwise",
            pixelDecoder);
        return new DiffusionPipeline(this, model);
      } catch (IllegalStateException e) {
        model.close();
        throw e;
      }
    }
  }
}
