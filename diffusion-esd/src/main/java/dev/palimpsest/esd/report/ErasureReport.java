package dev.palimpsest.esd.report;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;
import static java.util.Objects.requireNonNull;

import com.google.common.primitives.Longs;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.CheckpointLayer;
import dev.palimpsest.image.PictureError;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * What an erasure did: models before and after draw the same prompts with the same seeds, and a
 * scorer says what it recognises. It works on any stack of layers.
 *
 * <p>Pictures are kept in the report's folder, each written whole or not at all, by checkpoint,
 * prompt and seed. Running again makes what is missing, so a report that was stopped goes on, and
 * reports in one folder share what they have in common.
 *
 * <pre>{@code
 * ReportResult result = ErasureReport.builder(checkpoint).after("erased", checkpoint.with(erasure))
 *     .concept(ReportedConcept.of("shark").sentences("a photo of {} at night"))
 *     .unrelated("whale").scorer(scorer).in(folder).run(ReportProgress.Listener.NONE, new Cancellation());
 * result.write(folder);
 * }</pre>
 */
public final class ErasureReport {
  private final Map<String, Checkpoint> stacks;
  private final List<ReportPrompt> prompts;
  private final PictureScorer scorer;
  private final PictureFolder folder;
  private final ReportDrawing drawing;

  private ErasureReport(Builder builder, PictureScorer scorer, PictureFolder folder) {
    this.stacks = new LinkedHashMap<>(builder.stacks);
    this.prompts = builder.seededPrompts();
    this.scorer = scorer;
    this.folder = folder;
    this.drawing =
        new ReportDrawing(builder.request, builder.batch, builder.device, builder.workers);
  }

  /**
   * A report to be configured.
   *
   * @param before what the others are compared with; the report calls it {@code before}
   */
  public static Builder builder(Checkpoint before) {
    return new Builder(before);
  }

  /**
   * Makes the pictures that are missing, and scores all.
   *
   * @throws dev.palimpsest.errors.CancelledException if cancelled; pictures made so far stay
   * @throws IOException if a picture cannot be written or read
   */
  public ReportResult run(ReportProgress.Listener listener, Cancellation cancellation)
      throws IOException {
    drawing.draw(stacks, prompts, folder, listener, cancellation);
    var results = new ArrayList<StackResult>();
    for (Map.Entry<String, Checkpoint> stack : stacks.entrySet()) {
      cancellation.throwIfCancelled();
      results.add(result(stack.getKey(), stack.getValue(), results));
    }
    return new ReportResult(scorer.name(), folder.settings(), results);
  }

  private StackResult result(String name, Checkpoint checkpoint, List<StackResult> before)
      throws IOException {
    Path own = folder.of(checkpoint.hash());
    var scored = new ArrayList<PromptResult>();
    for (ReportPrompt prompt : prompts) {
      scored.add(score(prompt, own));
    }
    List<String> layers =
        checkpoint.layers().stream().map(Object::toString).collect(Collectors.toList());
    return new StackResult(
        name,
        checkpoint.hash(),
        layers,
        scored,
        before.isEmpty() ? Optional.empty() : change(before.get(0).prompts(), scored));
  }

  private PromptResult score(ReportPrompt prompt, Path own) throws IOException {
    var files = new ArrayList<Path>();
    var pictures = new ArrayList<BufferedImage>();
    for (long seed : prompt.seeds()) {
      files.add(PictureFolder.file(own, prompt.text(), seed));
      pictures.add(Pictures.read(files.get(files.size() - 1)));
    }
    List<PictureScorer.Score> scores = scorer.score(pictures, prompt.subject());
    checkState(
        scores.size() == files.size(),
        "scorer %s gave %s scores for %s pictures",
        scorer.name(),
        scores.size(),
        files.size());
    var scored = new ArrayList<PromptResult.ScoredPicture>();
    for (int i = 0; i < files.size(); i++) {
      scored.add(
          new PromptResult.ScoredPicture(prompt.seeds().get(i), files.get(i), scores.get(i)));
    }
    return new PromptResult(prompt, scored);
  }

  private static Optional<PictureChange> change(List<PromptResult> before, List<PromptResult> now)
      throws IOException {
    var errors = new ArrayList<PictureError>();
    for (int i = 0; i < now.size(); i++) {
      if (now.get(i).prompt().kind() == PromptKind.UNRELATED) {
        for (int k = 0; k < now.get(i).pictures().size(); k++) {
          errors.add(
              PictureError.of(
                  pixels(before.get(i).pictures().get(k).file()),
                  pixels(now.get(i).pictures().get(k).file())));
        }
      }
    }
    return errors.isEmpty() ? Optional.empty() : Optional.of(PictureChange.of(errors));
  }

  private static Tensor pixels(Path file) throws IOException {
    return Pictures.toUnit(Pictures.toTensor(Pictures.read(file)));
  }

  /** Says what is drawn and how. */
  public static final class Builder {
    private final Map<String, Checkpoint> stacks = new LinkedHashMap<>();
    private final List<ReportPrompt> prompts = new ArrayList<>();
    private List<Long> seeds = LongStream.range(0, 10).boxed().toList();
    private GenerationRequest request = GenerationRequest.unconditional();
    private int batch = 1;
    private int workers = 1;
    private Device device = Device.cpu();
    private @Nullable PictureScorer scorer;

    private Builder(Checkpoint before) {
      stacks.put("before", requireNonNull(before));
    }

    /** A model to compare; its layers may be any. */
    public Builder after(String name, Checkpoint checkpoint) {
      checkArgument(!name.isBlank(), "a stack needs a name");
      checkArgument(
          stacks.putIfAbsent(name, requireNonNull(checkpoint)) == null,
          "there is a stack '%s' already",
          name);
      return this;
    }

    /** The model before under a layer, such as an erasure. */
    public Builder after(String name, CheckpointLayer layer) {
      return after(name, requireNonNull(stacks.get("before")).with(layer));
    }

    /** A concept that should be gone, and its paraphrases. */
    public Builder concept(ReportedConcept concept) {
      concept.prompts().forEach(this::prompt);
      return this;
    }

    /** Prompts of what should have stayed; each is its own subject. */
    public Builder unrelated(String... texts) {
      for (String text : texts) {
        prompt(ReportPrompt.of(PromptKind.UNRELATED, text, text));
      }
      return this;
    }

    /** A prompt of any kind, with a subject and seeds of its own. */
    public Builder prompt(ReportPrompt prompt) {
      checkArgument(
          prompts.stream().noneMatch(other -> other.text().equals(prompt.text())),
          "the prompt '%s' is there twice",
          prompt.text());
      prompts.add(prompt);
      return this;
    }

    /** Of the pictures of prompts without seeds of their own; default 0 to 9. */
    public Builder seeds(long... seeds) {
      checkArgument(seeds.length > 0, "seeds must not be empty");
      this.seeds = List.copyOf(Longs.asList(seeds));
      return this;
    }

    /** Size, steps, guidance, scheduler and so on; its prompt and seeds do not count. */
    public Builder request(GenerationRequest template) {
      this.request = requireNonNull(template);
      return this;
    }

    /** Pictures of a prompt that are made at once; default 1. */
    public Builder batch(int pictures) {
      checkArgument(pictures > 0, "batch must be > 0, was %s", pictures);
      this.batch = pictures;
      return this;
    }

    /**
     * Prompts that are drawn at once, default 1. Of small models a picture a core goes faster than
     * all cores on a picture: as many workers as cores, on {@code Device.cpu(1)}.
     */
    public Builder workers(int workers) {
      checkArgument(workers > 0, "workers must be > 0, was %s", workers);
      this.workers = workers;
      return this;
    }

    /** Where pictures are made; default all cores of the CPU. */
    public Builder device(Device device) {
      this.device = requireNonNull(device);
      return this;
    }

    /** What recognises subjects; the caller closes what it holds. */
    public Builder scorer(PictureScorer scorer) {
      this.scorer = requireNonNull(scorer);
      return this;
    }

    /**
     * The report on a folder, which is made if it is missing.
     *
     * @throws IllegalStateException if a model to compare, a prompt or the scorer is missing
     * @throws IllegalArgumentException if the scorer does not know a subject, or the folder's
     *     pictures were made with other settings
     */
    public ErasureReport in(Path folder) throws IOException {
      checkState(stacks.size() > 1, "nothing to compare: give after(...)");
      checkState(!prompts.isEmpty(), "nothing to draw: give concept(...) or unrelated(...)");
      PictureScorer known = scorer;
      checkState(known != null, "who recognises the pictures? give scorer(...)");
      prompts.forEach(prompt -> requireNonNull(known).check(prompt.subject()));
      PictureFolder pictures = PictureFolder.open(folder, PictureFolder.settings(request, batch));
      return new ErasureReport(this, requireNonNull(known), pictures);
    }

    private List<ReportPrompt> seededPrompts() {
      return prompts.stream()
          .map(prompt -> prompt.seeds().isEmpty() ? prompt.seeds(Longs.toArray(seeds)) : prompt)
          .toList();
    }
  }
}
