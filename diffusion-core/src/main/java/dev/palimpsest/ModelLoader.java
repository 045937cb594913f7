package dev.palimpsest;

import static com.google.common.base.Preconditions.checkState;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.ComponentKind;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.ParameterMatch;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.model.AddedVectors;
import dev.palimpsest.model.AutoencoderKL;
import dev.palimpsest.model.AutoencoderKLConfig;
import dev.palimpsest.model.ClipTextModel;
import dev.palimpsest.model.ClipTokenizer;
import dev.palimpsest.model.Stage;
import dev.palimpsest.model.UNet2DConditionModel;
import dev.palimpsest.model.UNet2DModel;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.runtime.SessionSettings;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.scheduler.SchedulerConfig;
import dev.palimpsest.scheduler.Schedulers;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Opens the parts of a checkpoint, whatever of them the caller did not replace. */
final class ModelLoader {
  // A memory pattern would hold all values of the second run beside those of the first.
  private static final SessionSettings SETTINGS = SessionSettings.defaults().memoryPattern(false);
  private static final SessionSettings SHARED_WEIGHTS = SETTINGS.sharedWeights(true);

  private final PipelineSettings options;
  private final Checkpoint checkpoint;
  private final ModelFamily family;
  private final Adapters adapters;
  private final List<AutoCloseable> owned = new ArrayList<>();

  private ModelLoader(PipelineSettings options) {
    this.options = options;
    this.checkpoint = options.checkpoint;
    this.adapters = new Adapters(options.adapters);
    this.family =
        ModelFamily.of(
            checkpoint.path().map(Object::toString).orElse("the checkpoint"),
            checkpoint.index().string("_class_name"));
  }

  static ModelParts open(PipelineSettings options) throws IOException {
    var loader = new ModelLoader(options);
    try {
      return loader.open();
    } catch (Throwable failure) {
      try {
        Closing.all(loader.owned);
      } catch (RuntimeException suppressed) {
        failure.addSuppressed(suppressed);
      }
      throw failure;
    }
  }

  private ModelParts open() throws IOException {
    options.check(family);
    adapters.check(checkpoint);
    SchedulerConfig scheduler = scheduler();
    Config unet = checkpoint.config("unet");
    Denoiser denoiser = options.denoiser;
    checkState(
        denoiser == null || !adapters.touch("unet"),
        "an adapter of the unet has no place beside a denoiser of the caller's");
    int inputChannels = denoiser == null ? unet.integer("in_channels", 4) : denoiser.channels();
    @Nullable Vae vae = family.hasPrompts() ? own(vae()) : null;
    PromptEncoder prompts = own(prompts(unet));
    if (denoiser == null) { // last: it takes longest
      denoiser = own(denoiser(unet, scheduler.predictionType(), inputChannels));
    }
    LatentDecoder decoder =
        options.decoder != null ? options.decoder : vae != null ? vae : LatentDecoder.identity();
    List<Integer> side = side(unet);
    int factor = decoder.scaleFactor();
    return new ModelParts(
        checkpoint,
        family,
        prompts,
        denoiser,
        vae,
        decoder,
        scheduler,
        side.get(side.size() - 1) * factor,
        side.get(0) * factor,
        inputChannels,
        options.denoiser != null || unet.isNull("time_cond_proj_dim")
            ? 0
            : unet.integer("time_cond_proj_dim", 0),
        adapters,
        options.edits,
        owned);
  }

  private <T extends AutoCloseable> T own(T part) {
    owned.add(part);
    return part;
  }

  private SchedulerConfig scheduler() {
    SchedulerConfig config = options.schedulerConfig;
    if (config == null) {
      Map<String, Object> fields = new LinkedHashMap<>(checkpoint.config("scheduler").asMap());
      fields.putIfAbsent("_class_name", checkpoint.component("scheduler").className());
      config = Schedulers.fromConfig(fields);
    }
    if (options.denoiser != null) {
      config = config.with(options.denoiser.predictionType());
    }
    if (options.schedulerName != null) {
      return config.with(options.schedulerName);
    }
    return options.scheduler == null ? config : config.with(options.scheduler);
  }

  private Denoiser denoiser(Config unet, PredictionType prediction, int inputChannels)
      throws IOException {
    Component component = checkpoint.component("unet");
    Session session;
    EditableNetwork editable;
    if (component.kind() == ComponentKind.ONNX) {
      session = Session.open(component.onnx(), options.device);
      editable = EditableNetwork.ofFile(component.onnx(), options.device);
    } else {
      Graph graph = unetGraph(component);
      match(component, graph);
      Graph adapted = adapters.beside(component.name(), graph);
      session = session(component, adapted, unet);
      editable = new EditableNetwork(() -> adapted, edited -> session(component, edited, unet));
    }
    int out = unet.integer("out_channels", family.hasPrompts() ? 4 : 3);
    boolean latent = family.hasPrompts();
    int channels = latent ? vaeConfig().latentChannels() : inputChannels;
    return new SessionDenoiser(
        session, Map.of(), channels, prediction, out == 2 * channels, editable);
  }

  static Graph unetGraph(Component component) {
    return switch (component.className()) {
      case "UNet2DConditionModel" -> UNet2DConditionModel.graph(component.config());
      case "UNet2DModel" -> UNet2DModel.graph(component.config());
      default ->
          throw new UnsupportedModelException(
              "unet: class " + component.className() + " is not supported as a denoiser");
    };
  }

  private Session session(Component component, Graph graph, Config config) {
    List<Integer> side = side(config);
    SessionSettings settings =
        SHARED_WEIGHTS.usualSizes(
            Map.of("height", (long) side.get(0), "width", (long) side.get(side.size() - 1)));
    return Session.open(
        inPrecision(graph), adapters.parameters(component), options.device, settings);
  }

  /** The native side in latents: one number, or height and width. */
  private static List<Integer> side(Config unet) {
    return unet.isNull("sample_size") ? List.of(64) : unet.integers("sample_size");
  }

  private static void match(Component component, Graph... graphs) throws IOException {
    Map<String, Shape> required = new LinkedHashMap<>();
    for (Graph graph : graphs) {
      graph.parameters().forEach((name, value) -> required.put(name, value.shape()));
    }
    ParameterMatch.check(component.name(), required, component.weights());
  }

  private Vae vae() throws IOException {
    AutoencoderKLConfig config = vaeConfig();
    VaeTiling tiling = options.vaeTiling == null ? VaeTiling.NONE : options.vaeTiling;
    if (checkpoint.has("vae_decoder")) {
      Vae.@Nullable Half encoder =
          checkpoint.has("vae_encoder") ? onnx(checkpoint.component("vae_encoder")) : null;
      return new Vae(config, encoder, onnx(checkpoint.component("vae_decoder")), tiling);
    }
    Component vae = checkpoint.component("vae");
    Graph encoder = AutoencoderKL.encoderGraph(vae.config());
    Graph decoder = AutoencoderKL.decoderGraph(vae.config());
    match(vae, encoder, decoder);
    return new Vae(
        config,
        half(vae, encoder, AutoencoderKL.encoderStages(vae.config())),
        half(vae, decoder, AutoencoderKL.decoderStages(vae.config())),
        tiling);
  }

  private AutoencoderKLConfig vaeConfig() {
    return AutoencoderKLConfig.of(
        checkpoint.config(checkpoint.has("vae_decoder") ? "vae_decoder" : "vae"));
  }

  private Vae.Half half(Component component, Graph graph, List<Stage> stages) {
    var staged =
        new StagedNetwork(
            stages, stage -> open(component, stage, SHARED_WEIGHTS), StagedNetwork.SIDE);
    return isHalf()
        ? new Vae.Half(lazy(component, graph.toHalfPrecision()), lazy(component, graph), staged)
        : new Vae.Half(lazy(component, graph), null, staged);
  }

  private LazySession lazy(Component component, Graph graph) {
    return new LazySession(() -> open(component, graph, SETTINGS));
  }

  private Vae.Half onnx(Component component) throws IOException {
    Session session = Session.open(component.onnx(), options.device);
    return new Vae.Half(new LazySession(() -> session), null, null);
  }

  private boolean isHalf() {
    return options.precision.isHalf(options.device);
  }

  private Graph inPrecision(Graph graph) {
    return isHalf() ? graph.toHalfPrecision() : graph;
  }

  private PromptEncoder prompts(Config unet) throws IOException {
    if (!family.hasPrompts()) {
      return PromptEncoder.classes(
          unet.isNull("num_class_embeds") ? 0 : unet.integer("num_class_embeds", 0), null);
    }
    boolean xl = family == ModelFamily.STABLE_DIFFUSION_XL;
    var towers = new ArrayList<TextTower>();
    towers.add(tower("tokenizer", "text_encoder", xl));
    if (xl) {
      towers.add(tower("tokenizer_2", "text_encoder_2", true));
    }
    boolean zeros = xl && checkpoint.index().bool("force_zeros_for_empty_prompt", true);
    return new ClipPromptEncoder(towers, zeros);
  }

  private TextTower tower(String tokenizer, String encoder, boolean xl) throws IOException {
    Component component = checkpoint.component(encoder);
    checkState(checkpoint.has(tokenizer), "the checkpoint has a %s but no %s", encoder, tokenizer);
    ClipTokenizer own = ClipTokenizer.read(checkpoint.component(tokenizer));
    ClipTokenizer all = own;
    for (Map.Entry<String, Tensor> word : adapters.words(encoder).entrySet()) {
      all = all.with(word.getKey(), Math.toIntExact(word.getValue().shape().dim(0)));
    }
    int first = own.vocabularySize();
    return new TextTower(
        all,
        opener(component, xl, new AddedVectors(first, all.vocabularySize() - first)),
        request -> adapters.inputs(encoder, request));
  }

  private IntFunction<Session> opener(Component component, boolean xl, AddedVectors added)
      throws IOException {
    if (component.kind() == ComponentKind.ONNX) {
      Session session = open(component);
      return skip -> {
        if (skip > 0) {
          throw new UnsupportedModelException(
              "clipSkip needs the text encoder's weights; this checkpoint has an ONNX export only");
        }
        return session;
      };
    }
    boolean projects = component.className().equals("CLIPTextModelWithProjection");
    String pooled = projects ? ClipTextModel.TEXT_EMBEDS : ClipTextModel.POOLER_OUTPUT;
    match(
        component,
        ClipTextModel.graph(component.config(), List.of(ClipTextModel.LAST_HIDDEN_STATE, pooled)));
    return skip -> {
      String state = xl ? ClipTextModel.hiddenState(-2 - skip) : ClipTextModel.clipSkip(skip);
      Graph graph = ClipTextModel.graph(component.config(), List.of(state, pooled), added);
      return Session.open(
          inPrecision(adapters.beside(component.name(), graph)),
          adapters.parameters(component),
          options.device,
          SHARED_WEIGHTS);
    };
  }

  private Session open(Component component, Graph graph, SessionSettings settings) {
    return Session.open(graph, component.weights()::get, options.device, settings);
  }

  private Session open(Component component) throws IOException {
    return Session.open(component.onnx(), options.device);
  }
}
