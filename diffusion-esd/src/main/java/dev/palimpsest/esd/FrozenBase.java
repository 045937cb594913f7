package dev.palimpsest.esd;

import dev.palimpsest.Conditioning;
import dev.palimpsest.Denoiser;
import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.EncodedPrompts;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.Guidance;
import dev.palimpsest.PromptSyntax;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.scheduler.SchedulerConfig;
import dev.palimpsest.scheduler.SchedulerRun;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The model before the erasure: encodes prompts and denoises with guidance. One thread. */
final class FrozenBase {
  private final DiffusionPipeline pipeline;
  private final Denoiser denoiser;
  private final Guidance guidance;
  private final int steps;
  private final Shape latents;

  /**
   * What the frozen network said at one point of a trajectory.
   *
   * @param x what it was shown, scaled as the scheduler demands: float32 [1, channels, height,
   *     width]
   * @param predictions one for each of the lesson's conditions, of x's shape
   */
  record Evaluation(Tensor x, double timestep, List<Tensor> predictions) {}

  /**
   * @param pipeline borrowed
   * @param steps of a whole denoising
   * @param latents of one picture: [1, channels, height, width]
   */
  FrozenBase(DiffusionPipeline pipeline, double guidanceScale, int steps, Shape latents) {
    this.pipeline = pipeline;
    this.denoiser = pipeline.denoiser();
    this.guidance = new Guidance(guidanceScale, 0);
    this.steps = steps;
    this.latents = latents;
  }

  Shape latents() {
    return latents;
  }

  /** The prompt's conditioning and that of nothing, which guidance leads away from. */
  EncodedPrompts encode(String prompt) {
    return pipeline.encodePrompt(
        GenerationRequest.of(prompt).promptSyntax(PromptSyntax.PLAIN).guidanceScale(2));
  }

  /** The number of points of a trajectory at which the network is evaluated. */
  int evaluations() {
    return begin().evaluations();
  }

  private SchedulerRun begin() {
    SchedulerConfig scheduler = pipeline.scheduler();
    return scheduler.scheduler().begin(scheduler.plan(steps));
  }

  /**
   * Denoises with the lesson's prompt under guidance, no further than needed.
   *
   * @param noise the first state before scaling, standard normal
   * @param random what a stochastic solver draws from
   * @param wanted the evaluations to keep, counted from 0
   */
  Map<Integer, Evaluation> denoise(Lesson lesson, Tensor noise, NoiseSource random, Walk walk) {
    SchedulerRun run = begin();
    var kept = new TreeMap<Integer, Evaluation>();
    var network = new Network(lesson, walk, kept);
    Tensor x = scaled(noise, run.initialScale());
    for (int i = 0; kept.size() < walk.wanted.size(); i++) {
      x = run.step(i, x, network::predict, random).x();
    }
    return kept;
  }

  /**
   * How far to go.
   *
   * @param wanted the evaluations to keep, counted from 0
   */
  record Walk(Set<Integer> wanted, Cancellation cancellation) {}

  private static Tensor scaled(Tensor noise, float scale) {
    float[] values = noise.floats().clone();
    for (int i = 0; i < values.length; i++) {
      values[i] *= scale;
    }
    return Tensor.of(noise.shape(), values);
  }

  /** The guided network, which keeps what it said where that is wanted. */
  private final class Network {
    private final Lesson lesson;
    private final Walk walk;
    private final Map<Integer, Evaluation> kept;
    private int evaluation;

    Network(Lesson lesson, Walk walk, Map<Integer, Evaluation> kept) {
      this.lesson = lesson;
      this.walk = walk;
      this.kept = kept;
    }

    Tensor predict(Tensor x, double timestep) {
      boolean wanted = walk.wanted.contains(evaluation);
      boolean guided = guidance.scale() > 1;
      if (!wanted && !guided) {
        evaluation++;
        return ask(x, timestep, List.of(lesson.trained())).get(0);
      }
      List<Conditioning> rows = wanted ? lesson.conditions() : lesson.conditions().subList(0, 2);
      List<Tensor> predictions = ask(x, timestep, rows);
      if (wanted) {
        kept.put(evaluation, new Evaluation(x, timestep, predictions));
      }
      evaluation++;
      return guided ? guidance.combine(predictions.get(0), predictions.get(1)) : predictions.get(1);
    }

    private List<Tensor> ask(Tensor x, double timestep, List<Conditioning> rows) {
      int count = rows.size();
      Tensor all =
          denoiser.predict(
              Tensor.concat(Collections.nCopies(count, x)),
              timestep,
              Conditioning.join(rows),
              walk.cancellation);
      var predictions = new ArrayList<Tensor>();
      for (int i = 0; i < count; i++) {
        predictions.add(all.rows(i, i + 1));
      }
      return predictions;
    }
  }
}
