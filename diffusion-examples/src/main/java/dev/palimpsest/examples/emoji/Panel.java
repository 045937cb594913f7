package dev.palimpsest.examples.emoji;

import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.GeneratedImage;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.SideBySide;
import dev.palimpsest.training.SeededStream;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.LongConsumer;
import java.util.stream.LongStream;

/**
 * Prompts by which a model is scored: subjects in all five styles, each with the same seeds,
 * whatever the model, so that two models are compared picture by picture. Immutable.
 *
 * @param subjects what prompts ask for
 * @param seeds pictures a prompt, of the seeds 0, 1, ...
 */
public record Panel(List<Subject> subjects, int seeds) {
  /** Pictures made at once. */
  private static final int BATCH = 10;

  private static final int STEPS = 25;
  private static final double GUIDANCE_SCALE = 4;

  public Panel {
    subjects = List.copyOf(subjects);
  }

  /** A panel of {@code count} subjects that starter models are trained on, chosen by a seed. */
  public static Panel chosen(Emoji64 emoji, int count, long seed, int seeds) {
    List<Subject> shown = emoji.shown();
    int[] order = SeededStream.of(seed, "panel").permutation(shown.size());
    var subjects = new ArrayList<Subject>();
    for (int i = 0; i < count; i++) {
      subjects.add(shown.get(order[i]));
    }
    return new Panel(subjects, seeds);
  }

  /** A picture that a prompt gave and what the judge says of it. */
  public record Scored(Subject subject, Style style, long seed, Judge.Verdict verdict) {
    public boolean isSubject() {
      return verdict.subject() == subject.index();
    }

    public boolean isStyle() {
      return verdict.style() == style;
    }
  }

  /** How many pictures there are. */
  public int pictures() {
    return subjects.size() * Style.values().length * seeds;
  }

  /**
   * Makes and judges all pictures.
   *
   * @param workers pictures are made on so many threads at once
   * @param made told of pictures made
   */
  public List<Scored> score(
      DiffusionPipeline pipeline,
      Judge judge,
      int workers,
      LongConsumer made,
      Cancellation cancellation)
      throws IOException {
    var prompts = new ArrayList<Callable<List<Scored>>>();
    for (Subject subject : subjects) {
      for (Style style : Style.values()) {
        prompts.add(() -> prompt(subject, style, pipeline, judge, made, cancellation));
      }
    }
    var all = new ArrayList<Scored>();
    SideBySide.run(workers, prompts).forEach(all::addAll);
    return all;
  }

  private List<Scored> prompt(
      Subject subject,
      Style style,
      DiffusionPipeline pipeline,
      Judge judge,
      LongConsumer made,
      Cancellation cancellation) {
    GenerationRequest request =
        GenerationRequest.of(style.prompt(subject.caption()))
            .steps(STEPS)
            .guidanceScale(GUIDANCE_SCALE);
    var scored = new ArrayList<Scored>();
    for (int from = 0; from < seeds; from += BATCH) {
      long[] some = LongStream.range(from, Math.min(from + BATCH, seeds)).toArray();
      var pictures = new ArrayList<BufferedImage>();
      for (GeneratedImage image :
          pipeline.generate(request.seeds(some), step -> {}, cancellation).images()) {
        pictures.add(image.toBufferedImage());
      }
      List<Judge.Verdict> verdicts = judge.judge(pictures);
      for (int i = 0; i < some.length; i++) {
        scored.add(new Scored(subject, style, some[i], verdicts.get(i)));
      }
      made.accept(some.length);
    }
    return scored;
  }
}
