package dev.palimpsest.examples.car.study;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import java.util.Map;

/** All settings of a study: how long it trains and how much it draws. Immutable. */
public record StudyPlan(
    Judging judges,
    Encoding autoencoder,
    Base base,
    Erasing erase,
    Teaching lora,
    Drawing pictures) {
  /** The classifier of angle, light and so on. */
  public record Judging(long steps, int batch) {}

  /** The training of the autoencoder. */
  public record Encoding(long steps, int batch, double rate) {}

  /**
   * The training of the base model.
   *
   * @param words steps of the text encoder alone, first
   * @param steps of text encoder and U-Net
   * @param subjects of the emoji that are shown too, so that it does not forget
   * @param repeats how often a render is listed beside a picture of a subject
   */
  public record Base(long words, long steps, int batch, double rate, int subjects, int repeats) {}

  /**
   * The erasure.
   *
   * @param rate of ESD on keys and values of cross-attention
   * @param captions of each make, and of rallies, that are replaced
   * @param replaced subjects in whose prompts an erased style is replaced
   * @param preserved prompts of subjects that ESD is told to preserve, beside those of cars
   * @param held prompts that its change is confined by afterwards, and that UCE preserves
   * @param confinement how much a concept counts beside them
   */
  public record Erasing(
      int iterations,
      int batch,
      double rate,
      int captions,
      int replaced,
      int preserved,
      int held,
      double confinement) {}

  /**
   * The training of the LoRA.
   *
   * @param sides of the squares whose areas pictures are brought to
   * @param views crops of each picture
   * @param known subjects of emoji whose pictures are shown as often as the car
   * @param validations how often pictures are drawn on the way
   */
  public record Teaching(
      long steps,
      int batch,
      int rank,
      double rate,
      List<Integer> sides,
      int views,
      int known,
      int validations) {
    public Teaching {
      sides = List.copyOf(sides);
    }
  }

  /**
   * What is drawn.
   *
   * @param steps of the solver
   * @param scenes whose captions are drawn to score trigger words
   * @param seeds pictures of each prompt of erased and other concepts
   * @param subjects of emoji that should be kept
   * @param values of a parameter that sheets and prompts show, at most
   * @param width of the largest picture, a square
   * @param share ablations draw one scene and seed out of so many
   */
  public record Drawing(
      int steps, int scenes, int seeds, int subjects, int values, int width, int share) {
    public Drawing {
      checkArgument(width % 8 == 0, "the width must be a multiple of 8, was %s", width);
      checkArgument(share >= 1, "the share must be >= 1, was %s", share);
    }
  }

  /** The study that the numbers of the documentation come from: some hours on two cores. */
  public static StudyPlan full() {
    return new StudyPlan(
        new Judging(1500, 64),
        new Encoding(1200, 16, 1e-3),
        new Base(1500, 3600, 16, 8e-4, 503, 4),
        new Erasing(800, 4, 1e-3, 6, 12, 40, 960, 120),
        new Teaching(1800, 16, 16, 2e-3, List.of(64, 80), 4, 200, 6),
        new Drawing(20, 480, 8, 16, 12, 2560, 10));
  }

  /** Every stage, too short to teach much: some minutes on two cores. */
  public static StudyPlan quick() {
    return new StudyPlan(
        new Judging(60, 32),
        new Encoding(120, 8, 1e-3),
        new Base(60, 300, 8, 4e-4, 20, 1),
        new Erasing(12, 1, 1e-3, 2, 2, 4, 40, 120),
        new Teaching(120, 4, 8, 2e-3, List.of(64, 96), 1, 8, 2),
        new Drawing(12, 12, 1, 3, 3, 240, 4));
  }

  /** The settings by name, for JSON. */
  Map<String, Object> asMap() {
    return new JsonMapper().convertValue(this, new TypeReference<>() {});
  }
}
