package dev.palimpsest.examples.emoji;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.lora.Crops;
import dev.palimpsest.lora.ImageFolder;
import dev.palimpsest.lora.LoraTargets;
import dev.palimpsest.lora.LoraTraining;
import dev.palimpsest.lora.LoraTrainingBuilder;
import dev.palimpsest.lora.TriggerWord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A LoRA that teaches the starter model three subjects of the group {@link Emoji64#HELD_OUT}, which
 * it has never seen, each under a word that means nothing, from its five pictures. On pictures of
 * subjects that it knows it is held to what it predicts without the LoRA.
 */
public final class LoraStudy {
  /** Captions of the subjects and the words that call them. */
  private static final Map<String, String> WORDS =
      Map.of("jack-o-lantern", "zq7", "soccer ball", "xk4", "wrapped gift", "vj9");

  /** How much the prediction on known subjects counts, as measured: docs/lora.md. */
  public static final double PRIOR_WEIGHT = 4;

  /** How often a caption is left out beside it. */
  public static final double WITHOUT_CAPTION = 0.1;

  private static final long SEED = 1;

  private final Emoji64 emoji;
  private final List<Subject> known;

  /**
   * @param known subjects that the model knows, whose pictures are shown too
   */
  public LoraStudy(Emoji64 emoji, List<Subject> known) {
    this.emoji = emoji;
    this.known = List.copyOf(known);
  }

  /** A subject and the word that calls it. */
  public record Taught(Subject subject, TriggerWord word) {
    /** The subject as prompts call it. */
    Subject called() {
      return new Subject(subject.index(), word.word(), subject.group());
    }
  }

  /** What is taught, in the order of the sheets. */
  public List<Taught> taught() {
    List<Taught> taught = new ArrayList<>();
    for (Subject subject : emoji.subjects()) {
      String word = WORDS.get(subject.caption());
      if (word != null) {
        taught.add(new Taught(subject, TriggerWord.of(word)));
      }
    }
    return taught;
  }

  /**
   * The training, on a folder that also gets the pictures; whoever opens it closes it.
   *
   * @param options sets the rank, rates and length
   */
  public LoraTraining open(Checkpoint base, Consumer<LoraTrainingBuilder> options, Path folder)
      throws IOException {
    List<Subject> subjects = new ArrayList<>();
    taught().forEach(taught -> subjects.add(taught.called()));
    var plan =
        LoraTraining.builder(base)
            .name("three subjects")
            .dataset(pictures(subjects, folder.resolve("subjects")))
            .priorPrediction(pictures(known, folder.resolve("known")), PRIOR_WEIGHT)
            .captionDropout(WITHOUT_CAPTION)
            .crops(Crops.random(4).zoom(1.1).flips(0.5))
            .targets(LoraTargets.ALL_WITH_CONV)
            .minSnr(5)
            .seed(SEED)
            .saveEvery(100);
    options.accept(plan);
    taught().forEach(taught -> plan.trigger(taught.word()));
    return plan.open(folder.resolve("run"));
  }

  private ImageFolder pictures(List<Subject> subjects, Path folder) throws IOException {
    return EmojiFolder.write(emoji, subjects, List.of(Style.values()), folder);
  }

  /** The prompts with the words, pictures of the seeds 0, 1, ... in each style. */
  public Panel withWords(int seeds) {
    return new Panel(taught().stream().map(Taught::called).toList(), seeds);
  }
}
