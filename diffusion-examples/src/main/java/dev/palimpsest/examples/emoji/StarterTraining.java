package dev.palimpsest.examples.emoji;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.DiffusionLoss;
import dev.palimpsest.training.DiffusionTraining;
import dev.palimpsest.training.Ema;
import dev.palimpsest.training.LearningRate;
import dev.palimpsest.training.SeededStream;
import dev.palimpsest.training.TextConditioning;
import dev.palimpsest.training.TrainingData;
import dev.palimpsest.training.TrainingItem;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Trains the starter model, from random weights or on: U-Net and text encoder together, on the
 * latents of the autoencoder of an existing model, whose configurations it takes too. Of {@link
 * Emoji64} never on the group {@link Emoji64#HELD_OUT}.
 */
public final class StarterTraining {
  private static final double RATE = 8e-4;

  /** Of min-SNR-γ, as in its paper. */
  public static final double GAMMA = 5;

  private static final long SEED = 1;

  private final Checkpoint like;
  private final @Nullable Checkpoint initial;
  private final int batch;

  /**
   * @param like gives the autoencoder, the tokenizer, the scheduler and the configurations
   * @param initial where U-Net and text encoder begin, or null for random weights
   * @param batch pictures a step
   */
  public StarterTraining(Checkpoint like, @Nullable Checkpoint initial, int batch) {
    this.like = like;
    this.initial = initial;
    this.batch = batch;
  }

  /** The training on a folder; whoever opens it closes it. */
  public DiffusionTraining open(Emoji64 emoji, Path folder, long steps) throws IOException {
    return open(emoji, emoji.shown(), folder, steps);
  }

  DiffusionTraining open(Emoji64 emoji, List<Subject> subjects, Path folder, long steps)
      throws IOException {
    List<TrainingItem> items = items(emoji, subjects, List.of(Style.values()));
    return open(new Lesson("emoji64 without " + Emoji64.HELD_OUT, items, RATE), folder, steps);
  }

  /**
   * What is learned.
   *
   * @param name tells the pictures from others
   * @param items captioned pictures of 64×64 pixels
   * @param rate the largest learning rate
   */
  public record Lesson(String name, List<TrainingItem> items, double rate) {
    public Lesson {
      items = List.copyOf(items);
    }
  }

  /** A training on any pictures; whoever opens it closes it. */
  public DiffusionTraining open(Lesson lesson, Path folder, long steps) throws IOException {
    var text = new TextConditioning(like.config("text_encoder"), like.folder("tokenizer"));
    NoiseSchedule schedule = NoiseSchedule.scaledLinear(1000, 0.00085, 0.012);
    var builder =
        DiffusionTraining.builder(like.config("unet"), text)
            .dataset(lesson.name(), data(lesson.items()))
            .vae(like.component("vae"))
            .loss(DiffusionLoss.minSnr(schedule, PredictionType.EPSILON, GAMMA))
            .batch(batch)
            .dropout(0.1)
            .learningRate(
                LearningRate.cosine(lesson.rate(), steps).warmup(Math.min(200, steps / 10)))
            .ema(Ema.of(0.999))
            .steps(steps)
            .saveEvery(250)
            .seed(SEED);
    if (initial != null) {
      builder.initial(initial);
    }
    return builder.open(folder);
  }

  /** Subjects in styles, captioned by their prompts. */
  public static List<TrainingItem> items(
      Emoji64 emoji, List<Subject> subjects, List<Style> styles) {
    List<TrainingItem> items = new ArrayList<>();
    for (Subject subject : subjects) {
      for (Style style : styles) {
        items.add(item(emoji.picture(subject, style), style.prompt(subject.caption())));
      }
    }
    return items;
  }

  /** A picture of 64×64 pixels and its caption. */
  public static TrainingItem item(BufferedImage picture, String caption) {
    Tensor pixels = Pictures.toTensor(picture);
    return TrainingItem.captioned(pixels.reshape(Shape.of(3, Emoji64.SIZE, Emoji64.SIZE)), caption);
  }

  private static TrainingData data(List<TrainingItem> items) {
    return new TrainingData() {
      @Override
      public int size() {
        return items.size();
      }

      @Override
      public TrainingItem item(int index, SeededStream random) {
        return items.get(index);
      }
    };
  }

  /** The checkpoint that a training has reached, in half precision, to be saved as a folder. */
  public Checkpoint checkpoint(DiffusionTraining training, Weights weights) throws IOException {
    Checkpoint trained = training.checkpoint(weights);
    List<Component> parts = new ArrayList<>();
    for (String name : trained.components()) {
      parts.add(
          name.equals("unet") || name.equals("text_encoder")
              ? halved(trained.component(name))
              : like.component(name));
    }
    return Checkpoint.of(like.index(), parts);
  }

  private static Component halved(Component part) {
    Map<String, Tensor> halves = new TreeMap<>();
    for (String name : part.weights().names()) {
      halves.put(name, part.weights().get(name).as(DType.FLOAT16));
    }
    return Component.network(part.name(), part.className(), part.config(), Weights.of(halves));
  }
}
