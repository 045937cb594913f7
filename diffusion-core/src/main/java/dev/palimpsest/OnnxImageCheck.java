package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.image.Resampling;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.runtime.TensorSpec;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * An image check by any ONNX classifier of one picture input and one output of class scores. It
 * rejects a picture when the score of a class exceeds a threshold. Thread-safe; the caller closes
 * it.
 *
 * <pre>{@code
 * ImageCheck check = OnnxImageCheck.builder(Path.of("classifier.onnx"))
 *     .size(224, 224).normalize(0.5, 0.5).rejectAbove("violence", 3, 0.8).open(Device.cpu());
 * }</pre>
 */
public final class OnnxImageCheck implements ImageCheck {
  private final Session session;
  private final Builder settings;

  private OnnxImageCheck(Session session, Builder settings) {
    this.session = session;
    this.settings = settings;
  }

  public static Builder builder(Path model) {
    return new Builder(requireNonNull(model));
  }

  @Override
  public List<Verdict> check(Tensor pictures, Cancellation cancellation) {
    var verdicts = new ArrayList<Verdict>();
    for (BufferedImage picture : Pictures.fromUnit(pictures)) {
      verdicts.add(verdict(scores(picture, cancellation)));
    }
    return verdicts;
  }

  private double[] scores(BufferedImage picture, Cancellation cancellation) {
    TensorSpec input = session.inputs().values().iterator().next();
    Tensor tensor =
        settings.input(Resampling.LANCZOS.resize(picture, settings.width, settings.height));
    double[] scores =
        session
            .run(Map.of(input.name(), tensor.as(input.dtype())), cancellation)
            .values()
            .iterator()
            .next()
            .doubles();
    return settings.softmax ? softmax(scores) : scores;
  }

  private Verdict verdict(double[] scores) {
    for (Rule rule : settings.rules) {
      checkArgument(
          rule.index < scores.length,
          "class %s (%s) is outside the classifier's %s scores",
          rule.index,
          rule.name,
          scores.length);
      if (!(scores[rule.index] <= rule.threshold)) { // NaN is rejected too
        return Verdict.reject(
            String.format(
                Locale.ROOT,
                "%s scores %.3f, above %s",
                rule.name,
                scores[rule.index],
                rule.threshold));
      }
    }
    return Verdict.accept();
  }

  private static double[] softmax(double[] logits) {
    double max = Double.NEGATIVE_INFINITY;
    for (double logit : logits) {
      max = Math.max(max, logit);
    }
    double sum = 0;
    double[] out = new double[logits.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = Math.exp(logits[i] - max);
      sum += out[i];
    }
    for (int i = 0; i < out.length; i++) {
      out[i] /= sum;
    }
    return out;
  }

  @Override
  public void close() {
    session.close();
  }

  private record Rule(String name, int index, double threshold) {}

  /** Says how pictures are fed to the classifier and when its scores reject one. */
  public static final class Builder {
    private final Path model;
    private int width = 224;
    private int height = 224;
    private List<Double> mean = List.of(0.0, 0.0, 0.0);
    private List<Double> deviation = List.of(1.0, 1.0, 1.0);
    private boolean channelsLast;
    private boolean blueFirst;
    private double range = 1;
    private boolean softmax;
    private List<Rule> rules = List.of();

    private Builder(Path model) {
      this.model = model;
    }

    /** The size in pixels to which pictures are brought; default 224 × 224. */
    public Builder size(int width, int height) {
      checkArgument(width > 0 && height > 0, "size must be > 0, was %sx%s", width, height);
      this.width = width;
      this.height = height;
      return this;
    }

    /** Feeds (x − mean) / deviation, for values x of 0..1 unless {@link #range} says otherwise. */
    public Builder normalize(double mean, double deviation) {
      return normalize(List.of(mean, mean, mean), List.of(deviation, deviation, deviation));
    }

    /** {@link #normalize(double, double)} by channel: red, green, blue. */
    public Builder normalize(List<Double> mean, List<Double> deviation) {
      checkArgument(mean.size() == 3 && deviation.size() == 3, "three channels are needed");
      this.mean = List.copyOf(mean);
      this.deviation = List.copyOf(deviation);
      return this;
    }

    /** Values are scaled to 0..{@code max} before normalization; default 1, often 255. */
    public Builder range(double max) {
      this.range = max;
      return this;
    }

    /** The classifier takes [1, height, width, 3] instead of [1, 3, height, width]. */
    public Builder channelsLast() {
      this.channelsLast = true;
      return this;
    }

    /** The classifier takes blue, green, red. */
    public Builder blueFirst() {
      this.blueFirst = true;
      return this;
    }

    /** The classifier gives logits: scores are their softmax. */
    public Builder softmax() {
      this.softmax = true;
      return this;
    }

    /** Rejects a picture whose score at an output index exceeds a threshold. */
    public Builder rejectAbove(String name, int index, double threshold) {
      checkArgument(index >= 0, "index must be >= 0, was %s", index);
      checkArgument(!Double.isNaN(threshold), "threshold must be a number");
      var all = new ArrayList<>(rules);
      all.add(new Rule(requireNonNull(name), index, threshold));
      this.rules = List.copyOf(all);
      return this;
    }

    /**
     * Opens the classifier; the caller closes it.
     *
     * @throws IllegalStateException if nothing would ever be rejected
     * @throws CheckpointException if the file is not an ONNX model that can be used
     */
    public OnnxImageCheck open(Device device) throws IOException {
      if (rules.isEmpty()) {
        throw new IllegalStateException("no rejectAbove rule: the check would accept everything");
      }
      return new OnnxImageCheck(Session.open(model, device), copy());
    }

    private Builder copy() {
      var copy = new Builder(model);
      copy.width = width;
      copy.height = height;
      copy.mean = mean;
      copy.deviation = deviation;
      copy.channelsLast = channelsLast;
      copy.blueFirst = blueFirst;
      copy.range = range;
      copy.softmax = softmax;
      copy.rules = rules;
      return copy;
    }

    private Tensor input(BufferedImage picture) {
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
      return Tensor.of(shape, out).as(DType.FLOAT32);
    }
  }
}
