package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.image.Resampling;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.util.List;

/**
 * How pictures are fed to an ONNX classifier and its scores are read: the base of the builders.
 *
 * @param <S> the builder itself
 */
public abstract class ClassifierSettings<S extends ClassifierSettings<S>> {
  private int width = 224;
  private int height = 224;
  private List<Double> mean = List.of(0.0, 0.0, 0.0);
  private List<Double> deviation = List.of(1.0, 1.0, 1.0);
  private boolean channelsLast;
  private boolean blueFirst;
  private double range = 1;
  private boolean softmax;

  ClassifierSettings() {}

  abstract S self();

  /** The size in pixels to which pictures are brought; default 224 × 224. */
  public S size(int width, int height) {
    checkArgument(width > 0 && height > 0, "size must be > 0, was %sx%s", width, height);
    this.width = width;
    this.height = height;
    return self();
  }

  /** Feeds (x − mean) / deviation, for values x of 0..1 unless {@link #range} says otherwise. */
  public S normalize(double mean, double deviation) {
    return normalize(List.of(mean, mean, mean), List.of(deviation, deviation, deviation));
  }

  /** {@link #normalize(double, double)} by channel: red, green, blue. */
  public S normalize(List<Double> mean, List<Double> deviation) {
    checkArgument(mean.size() == 3 && deviation.size() == 3, "three channels are needed");
    this.mean = List.copyOf(mean);
    this.deviation = List.copyOf(deviation);
    return self();
  }

  /** Values are scaled to 0..{@code max} before normalization; default 1, often 255. */
  public S range(double max) {
    range = max;
    return self();
  }

  /** The classifier takes [1, height, width, 3] instead of [1, 3, height, width]. */
  public S channelsLast() {
    channelsLast = true;
    return self();
  }

  /** The classifier takes blue, green, red. */
  public S blueFirst() {
    blueFirst = true;
    return self();
  }

  /** The classifier gives logits: scores are their softmax. */
  public S softmax() {
    softmax = true;
    return self();
  }

  /** Takes over what another builder was told. */
  final S like(ClassifierSettings<?> other) {
    width = other.width;
    height = other.height;
    mean = other.mean;
    deviation = other.deviation;
    channelsLast = other.channelsLast;
    blueFirst = other.blueFirst;
    range = other.range;
    softmax = other.softmax;
    return self();
  }

  final boolean givesLogits() {
    return softmax;
  }

  /** What the classifier is fed for a picture of any size. */
  final Tensor input(BufferedImage any) {
    BufferedImage picture = Resampling.LANCZOS.resize(any, width, height);
    int plane = width * height;
    float[] out = new float[3 * plane];
    for (int i = 0; i < plane; i++) {
      int pixel = picture.getRGB(i % width, i / width);
      for (int c = 0; c < 3; c++) {
        double value = ((pixel >> (16 - 8 * c)) & 255) / 255.0 * range;
        int place = blueFirst ? 2 - c : c;
        out[channelsLast ? 3 * i + place : place * plane + i] =
            (float) ((value - mean.get(c)) / deviation.get(c));
      }
    }
    Shape shape = channelsLast ? Shape.of(1, height, width, 3) : Shape.of(1, 3, height, width);
    return Tensor.of(shape, out);
  }
}
