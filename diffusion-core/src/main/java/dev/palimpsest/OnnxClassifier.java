package dev.palimpsest;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.runtime.TensorSpec;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * Any ONNX classifier of one picture input and one output of class scores. Thread-safe; whoever
 * opens it closes it.
 */
public final class OnnxClassifier implements AutoCloseable {
  private final Session session;
  private final Builder settings;

  private OnnxClassifier(Session session, Builder settings) {
    this.session = session;
    this.settings = settings;
  }

  public static Builder builder(Path model) {
    return new Builder(requireNonNull(model));
  }

  /** Its file. */
  public String name() {
    return String.valueOf(settings.model.getFileName());
  }

  /**
   * The score of each class.
   *
   * @param picture of any size
   */
  public double[] scores(BufferedImage picture, Cancellation cancellation) {
    TensorSpec input = session.inputs().values().iterator().next();
    Tensor tensor = settings.input(picture).as(input.dtype());
    double[] scores =
        session
            .run(Map.of(input.name(), tensor), cancellation)
            .values()
            .iterator()
            .next()
            .doubles();
    return settings.givesLogits() ? softmax(scores) : scores;
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

  /** Says how pictures are fed to the classifier. */
  public static final class Builder extends ClassifierSettings<Builder> {
    private final Path model;

    private Builder(Path model) {
      this.model = model;
    }

    @Override
    Builder self() {
      return this;
    }

    /**
     * Opens the classifier; the caller closes it.
     *
     * @throws CheckpointException if the file is not an ONNX model that can be used
     */
    public OnnxClassifier open(Device device) throws IOException {
      return new OnnxClassifier(Session.open(model, device), new Builder(model).like(this));
    }
  }
}
