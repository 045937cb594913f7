package dev.palimpsest.examples;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.Conditioning;
import dev.palimpsest.Denoiser;
import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.LatentDecoder;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A denoiser that is no network: the exact one of a handful of pictures. If the data are pictures
 * x₁ … xₙ, each as likely, then in x = √ᾱ x₀ + √(1−ᾱ) ε the clean picture is expected to be Σ wᵢ xᵢ
 * with wᵢ ∝ exp(−‖x − √ᾱ xᵢ‖² / 2(1−ᾱ)). Sampling with it ends at one of the pictures, which one
 * the seed decides.
 *
 * <p>The example shows what a pipeline needs of a model of yours: a {@link Denoiser}, a {@link
 * LatentDecoder} and a checkpoint that tells the noise schedule.
 */
public final class CustomDenoiser implements Denoiser {
  private static final int SIDE = 8;
  private static final int MAGNIFICATION = 8;

  private static final Map<String, Object> SCHEDULER =
      Map.of("num_train_timesteps", 1000, "clip_sample", false);

  private final List<Tensor> pictures;
  private final NoiseSchedule schedule;

  /**
   * @param pictures float32 [1, 3, height, width], all of one shape
   */
  public CustomDenoiser(List<Tensor> pictures, NoiseSchedule schedule) {
    checkArgument(!pictures.isEmpty(), "there must be a picture");
    this.pictures = List.copyOf(pictures);
    this.schedule = schedule;
  }

  @Override
  public int channels() {
    return 3;
  }

  @Override
  public PredictionType predictionType() {
    return PredictionType.SAMPLE;
  }

  @Override
  public Tensor predict(
      Tensor x, double timestep, Conditioning conditioning, Cancellation cancellation) {
    double alphaBar = schedule.alphaCumprod((int) timestep);
    float[] noisy = x.floats();
    float[] clean = new float[noisy.length];
    int size = noisy.length / (int) x.shape().dim(0);
    for (int start = 0; start < noisy.length; start += size) {
      double[] weights = weights(noisy, start, alphaBar);
      for (int k = 0; k < weights.length; k++) {
        float[] picture = pictures.get(k).floats();
        for (int i = 0; i < size; i++) {
          clean[start + i] += (float) (weights[k] * picture[i]);
        }
      }
    }
    return Tensor.of(x.shape(), clean);
  }

  /** How likely each picture is the one under the noise. */
  private double[] weights(float[] noisy, int start, double alphaBar) {
    double[] weights = new double[pictures.size()];
    double largest = Double.NEGATIVE_INFINITY;
    for (int k = 0; k < weights.length; k++) {
      float[] picture = pictures.get(k).floats();
      double distance = 0;
      for (int i = 0; i < picture.length; i++) {
        double d = noisy[start + i] - Math.sqrt(alphaBar) * picture[i];
        distance += d * d;
      }
      weights[k] = -distance / (2 * (1 - alphaBar));
      largest = Math.max(largest, weights[k]);
    }
    double sum = 0;
    for (int k = 0; k < weights.length; k++) {
      weights[k] = Math.exp(weights[k] - largest);
      sum += weights[k];
    }
    for (int k = 0; k < weights.length; k++) {
      weights[k] /= sum;
    }
    return weights;
  }

  /** A decoder that shows each pixel as a square. */
  static LatentDecoder magnifier() {
    return new LatentDecoder() {
      @Override
      public int scaleFactor() {
        return MAGNIFICATION;
      }

      @Override
      public Tensor decode(Tensor latents, Cancellation cancellation) {
        Shape shape = latents.shape();
        int width = (int) shape.dim(3) * MAGNIFICATION;
        float[] in = latents.floats();
        float[] out = new float[in.length * MAGNIFICATION * MAGNIFICATION];
        for (int i = 0; i < out.length; i++) {
          int row = i / width / MAGNIFICATION;
          out[i] = in[row * (int) shape.dim(3) + i % width / MAGNIFICATION];
        }
        return Tensor.of(
            Shape.of(shape.dim(0), shape.dim(1), shape.dim(2) * MAGNIFICATION, width), out);
      }
    };
  }

  /** A checkpoint without weights: the size of the sample and the noise schedule. */
  static Checkpoint checkpoint() {
    return Checkpoint.of(
        Config.of(Map.of("_class_name", "DDIMPipeline")),
        List.of(
            Component.network(
                "unet",
                "UNet2DModel",
                Config.of(Map.of("sample_size", SIDE, "in_channels", 3, "out_channels", 3)),
                Weights.of(Map.of())),
            Component.scheduler("DDIMScheduler", Config.of(SCHEDULER))));
  }

  static NoiseSchedule schedule() {
    return NoiseSchedule.linear(1000, 0.0001, 0.02);
  }

  /** A disc, a ring, a cross and a square, each in its colour on white, [1, 3, 8, 8] in -1..1. */
  static List<Tensor> shapes() {
    return List.of(
        picture(0xd02020, (x, y) -> x * x + y * y < 12),
        picture(0x20a020, (x, y) -> x * x + y * y < 14 && x * x + y * y > 4),
        picture(0x2040d0, (x, y) -> Math.abs(Math.abs(x) - Math.abs(y)) < 1),
        picture(0xe0a000, (x, y) -> Math.abs(x) < 3 && Math.abs(y) < 3));
  }

  /** Whether a point belongs to a shape around the origin. */
  private interface Area {
    boolean contains(double x, double y);
  }

  private static Tensor picture(int colour, Area area) {
    float[] values = new float[3 * SIDE * SIDE];
    for (int i = 0; i < values.length; i++) {
      double x = i % SIDE - (SIDE - 1) / 2.0;
      double y = i / SIDE % SIDE - (SIDE - 1) / 2.0;
      int channel = colour >> (16 - 8 * (i / (SIDE * SIDE))) & 0xff;
      values[i] = area.contains(x, y) ? channel / 127.5f - 1 : 1;
    }
    return Tensor.of(Shape.of(1, 3, SIDE, SIDE), values);
  }

  /** Draws four pictures into the current folder. */
  public static void main(String[] args) throws IOException {
    try (var pipeline =
        DiffusionPipeline.builder(checkpoint())
            .denoiser(new CustomDenoiser(shapes(), schedule()))
            .decoder(magnifier())
            .open()) {
      var request = GenerationRequest.unconditional().steps(20).images(4).seed(1);
      for (var image : pipeline.generate(request).images()) {
        image.save(Path.of("custom-" + image.seed().orElseThrow() + ".png"));
      }
    }
  }
}
