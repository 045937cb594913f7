package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.attention.AttentionEdit;
import dev.palimpsest.attention.AttentionMaps;
import dev.palimpsest.attention.EditedRequest;
import dev.palimpsest.attention.GuidanceHalf;
import dev.palimpsest.attention.PromptWords;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The attention edits of one request on one model, the pipeline's first, with the source picture
 * that they may read. Without edits it is the model's plain network. One run, one thread; the
 * caller closes it.
 */
final class RequestEdits implements AutoCloseable {
  private final ModelParts model;
  private final ResolvedRequest request;
  private final List<AttentionEdit> edits;
  private final EvaluationRows rows;
  private final Conditioning conditioning;
  private final SourceState sources;
  private final @Nullable EditedRun run;

  private RequestEdits(
      ModelParts model,
      ResolvedRequest request,
      List<AttentionEdit> edits,
      EncodedPrompts prompts,
      EncodedPrompts source) {
    this.model = model;
    this.request = request;
    this.edits = edits;
    boolean guided = prompts.negative().isPresent();
    boolean hasSource = request.request().hasSource();
    checkTokens(prompts, source);
    this.sources = new SourceState(request.images(), hasSource);
    this.rows = EvaluationRows.of(request.images(), guided, hasSource, guidedAwayFrom());
    this.conditioning = model.condition(rows.conditioning(prompts, source), request);
    this.run = edits.isEmpty() ? null : open(model.denoiser());
  }

  /**
   * Opens the network that the request asks for.
   *
   * @param prompts with a negative half if the request is guided
   * @throws IllegalArgumentException if an edit does not fit the request or the model
   * @throws UnsupportedModelException if the denoiser cannot be edited
   */
  static RequestEdits open(
      ModelParts model,
      ResolvedRequest request,
      EncodedPrompts prompts,
      Cancellation cancellation) {
    var edits = new ArrayList<AttentionEdit>(model.edits());
    edits.addAll(request.request().edits());
    GenerationRequest own = request.request();
    check(edits, own.hasSource(), prompts.negative().isPresent());
    checkArgument(
        edits.isEmpty() || (own.windows().isEmpty() && own.regions().isEmpty()),
        "attention edits act on a picture as a whole; leave out windows and regions, or the edits %s",
        edits);
    boolean guided = prompts.negative().isPresent();
    EncodedPrompts source =
        own.encodedSource()
            .orElseGet(
                () ->
                    own.hasSource()
                        ? model
                            .prompts()
                            .encode(own.ofSource(), request.size(), guided, cancellation)
                        : prompts);
    return new RequestEdits(model, request, List.copyOf(edits), prompts, source);
  }

  private static void check(List<AttentionEdit> edits, boolean hasSource, boolean guided) {
    boolean reads = edits.stream().anyMatch(AttentionEdit::needsSource);
    for (AttentionEdit edit : edits) {
      checkArgument(
          hasSource || !edit.needsSource(),
          "the edit '%s' reads a source picture; say which by source(prompt)",
          edit);
      checkArgument(
          guided || edit.placement().half() != GuidanceHalf.UNCONDITIONAL,
          "the edit '%s' acts on the unconditional half, which a request without guidance lacks",
          edit);
    }
    checkArgument(
        reads || !hasSource,
        "the request has a source picture, but none of its edits reads it: %s",
        edits);
  }

  private static void checkTokens(EncodedPrompts prompts, EncodedPrompts source) {
    source
        .positive()
        .tensors()
        .forEach(
            (name, tensor) ->
                checkArgument(
                    prompts
                        .positive()
                        .get(name)
                        .map(Tensor::shape)
                        .equals(Optional.of(tensor.shape())),
                    "the source's %s has shape %s, the prompt's %s; both need as many tokens",
                    name,
                    tensor.shape(),
                    prompts.positive().get(name).map(Tensor::shape)));
  }

  private List<Integer> guidedAwayFrom() {
    var away = new ArrayList<Integer>();
    for (int i = 0; i < edits.size(); i++) {
      if (edits.get(i).placement().guides()) {
        away.add(i);
      }
    }
    return away;
  }

  private EditedRun open(Denoiser denoiser) {
    SessionDenoiser plain = editable(denoiser);
    return new EditedRun(plain.editable(), plain, edits, rows, editedRequest());
  }

  /**
   * The network behind a denoiser.
   *
   * @throws UnsupportedModelException if it cannot be opened with edits
   */
  static SessionDenoiser editable(Denoiser denoiser) {
    if (denoiser instanceof SessionDenoiser) {
      return (SessionDenoiser) denoiser;
    }
    if (denoiser instanceof OnnxDenoiser) {
      return ((OnnxDenoiser) denoiser).network;
    }
    throw new UnsupportedModelException(
        "attention edits need a checkpoint's network or an OnnxDenoiser; this pipeline denoises"
            + " with "
            + denoiser);
  }

  private EditedRequest editedRequest() {
    GenerationRequest own = request.request();
    Shape latents = request.latentShape(model);
    int tokens =
        conditioning.get("encoder_hidden_states").map(text -> (int) text.shape().dim(1)).orElse(0);
    PromptWords prompt =
        own.encodedPrompts().isPresent() ? PromptWords.unknown() : model.prompts().words(own);
    PromptWords source =
        own.encodedSource().isPresent() || !own.hasSource()
            ? PromptWords.unknown()
            : model.prompts().words(own.ofSource());
    return new EditedRequest(
        prompt,
        source,
        tokens,
        (int) latents.dim(2),
        (int) latents.dim(3),
        List.of(),
        rows.sourceRows());
  }

  /** The network for the solver, with the channels beside its input. */
  GuidedNetwork network(
      @Nullable Guidance guidance, InitialState start, Cancellation cancellation) {
    List<Double> away = new ArrayList<>();
    guidedAwayFrom().forEach(edit -> away.add(edits.get(edit).placement().guidanceScale()));
    Denoiser plain = run == null ? model.denoiser() : run;
    return new GuidedNetwork(
        new LargePicture(model, request, cancellation).network(plain, guidance != null),
        conditioning,
        guidance,
        new GuidedNetwork.Away(request.images(), away),
        start.extraChannels(),
        cancellation);
  }

  /** The source pictures in the solver's state. */
  SourceState sources() {
    return sources;
  }

  void begin(int step, int steps) {
    if (run != null) {
      run.begin(step, steps);
    }
  }

  List<AttentionMaps> mapsOfStep() {
    return run == null ? List.of() : run.ofStep();
  }

  List<AttentionMaps> mapsOfRun() {
    return run == null ? List.of() : run.ofRun();
  }

  @Override
  public void close() {
    if (run != null) {
      run.close();
    }
  }
}
