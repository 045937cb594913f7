package dev.palimpsest.esd;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;
import static java.util.Objects.requireNonNull;

import com.google.common.primitives.Longs;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.esd.report.PictureScorer;
import dev.palimpsest.training.AdamW;
import dev.palimpsest.training.LearningRate;
import dev.palimpsest.training.RunSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Configures a {@link ConceptInversion}. Unless told otherwise: 300 iterations of Adam at 1e-2 on
 * batches of 4, 8 examples and 20 trials.
 */
public final class ConceptInversionBuilder extends RunSettings<ConceptInversionBuilder> {
  private static final double RATE = 1e-2;

  final Checkpoint before;
  final Checkpoint erased;
  String prompt = "";
  String subject = "";
  List<Long> examples = LongStream.range(0, 8).boxed().toList();
  List<Long> trials = LongStream.range(1000, 1020).boxed().toList();
  GenerationRequest request = GenerationRequest.unconditional();
  int batch = 4;
  private LearningRate rate = LearningRate.constant(RATE);
  private @Nullable PictureScorer scorer;

  ConceptInversionBuilder(Checkpoint before, Checkpoint erased) {
    this.before = requireNonNull(before);
    this.erased = requireNonNull(erased);
    optimizer(AdamW.defaults().weightDecay(0)).noClipping().steps(300).saveEvery(100);
    learningRate(rate);
  }

  @Override
  protected ConceptInversionBuilder self() {
    return this;
  }

  /**
   * The concept.
   *
   * @param text its prompt, where the search begins
   * @param sought what the scorer looks for
   */
  public ConceptInversionBuilder concept(String text, String sought) {
    checkArgument(!text.isBlank() && !sought.isBlank(), "a concept must not be empty");
    prompt = text;
    subject = sought;
    return this;
  }

  /** Of the pictures that the model before draws to learn from. */
  public ConceptInversionBuilder examples(long... seeds) {
    checkArgument(seeds.length > 0, "examples must not be empty");
    examples = List.copyOf(Longs.asList(seeds));
    return this;
  }

  /** Of the pictures that are judged; others than the examples'. */
  public ConceptInversionBuilder trials(long... seeds) {
    checkArgument(seeds.length > 0, "trials must not be empty");
    trials = List.copyOf(Longs.asList(seeds));
    return this;
  }

  /** Steps, guidance, scheduler and so on at the model's native size; its prompt does not count. */
  public ConceptInversionBuilder request(GenerationRequest template) {
    checkArgument(
        template.width().isEmpty() && template.height().isEmpty(),
        "the search works at the model's native size; leave out the size");
    request = requireNonNull(template);
    return this;
  }

  /** Noisy states a step. */
  public ConceptInversionBuilder batch(int rows) {
    checkArgument(rows >= 1, "batch must be >= 1, was %s", rows);
    batch = rows;
    return this;
  }

  /** What recognises the concept; the caller closes what it holds. */
  public ConceptInversionBuilder scorer(PictureScorer value) {
    scorer = requireNonNull(value);
    return this;
  }

  @Override
  public ConceptInversionBuilder learningRate(LearningRate value) {
    rate = requireNonNull(value);
    return super.learningRate(value);
  }

  LearningRate rate() {
    return rate;
  }

  PictureScorer scorer() {
    return requireNonNull(scorer);
  }

  /**
   * Opens the search: a new one, or the one that the folder holds, where it ended.
   *
   * @throws IllegalArgumentException if a trial is an example, the scorer does not know the
   *     concept, or the folder's search was started with other settings
   * @throws IllegalStateException if the concept or the scorer is missing
   */
  public ConceptInversion open(Path folder) throws IOException {
    checkState(!prompt.isEmpty(), "which concept? give concept(...)");
    checkState(scorer != null, "who recognises the concept? give scorer(...)");
    checkArgument(
        examples.stream().noneMatch(trials::contains),
        "pictures to learn from must not be judged; examples %s, trials %s",
        examples,
        trials);
    scorer().check(subject);
    return ConceptInversion.open(this, folder);
  }
}
