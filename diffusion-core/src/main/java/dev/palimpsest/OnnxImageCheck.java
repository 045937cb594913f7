package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

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
  private final OnnxClassifier classifier;
  private final List<Rule> rules;

  private OnnxImageCheck(OnnxClassifier classifier, List<Rule> rules) {
    this.classifier = classifier;
    this.rules = rules;
  }

  public static Builder builder(Path model) {
    return new Builder(requireNonNull(model));
  }

  @Override
  public List<Verdict> check(Tensor pictures, Cancellation cancellation) {
    var verdicts = new ArrayList<Verdict>();
    for (BufferedImage picture : Pictures.fromUnit(pictures)) {
      verdicts.add(verdict(classifier.scores(picture, cancellation)));
    }
    return verdicts;
  }

  private Verdict verdict(double[] scores) {
    for (Rule rule : rules) {
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

  @Override
  public void close() {
    classifier.close();
  }

  private record Rule(String name, int index, double threshold) {}

  /** Says how pictures are fed to the classifier and when its scores reject one. */
  public static final class Builder extends ClassifierSettings<Builder> {
    private final Path model;
    private List<Rule> rules = List.of();

    private Builder(Path model) {
      this.model = model;
    }

    @Override
    Builder self() {
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
      return new OnnxImageCheck(
          OnnxClassifier.builder(model).like(this).open(device), List.copyOf(rules));
    }
  }
}
