package dev.palimpsest.examples;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.OnnxClassifier;
import dev.palimpsest.esd.report.ClassifierScorer;
import dev.palimpsest.esd.report.PictureScorer;
import dev.palimpsest.examples.emoji.JudgeScorer;
import dev.palimpsest.runtime.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Who recognises what pictures show. */
final class ScorerOptions {
  @Mixin private PictureOptions pictures = new PictureOptions();

  @Option(
      names = "--judge",
      paramLabel = "FILE",
      description =
          "An ONNX classifier that scores the pictures; default the starter's judge, which knows"
              + " what the starter was shown.")
  private @Nullable Path judge;

  @Option(
      names = "--class",
      paramLabel = "SUBJECT=INDEX",
      description = "The class of a concept or an unrelated prompt; with --judge one for each.")
  private Map<String, Integer> classes = new LinkedHashMap<>();

  @Option(
      names = "--judge-size",
      paramLabel = "N",
      defaultValue = "224",
      description = "Pixels a side that the classifier takes; default ${DEFAULT-VALUE}.")
  private int size = 224;

  @Option(
      names = "--judge-mean",
      paramLabel = "R,G,B",
      split = ",",
      description = "What is taken off values of 0..1; default 0.")
  private List<Double> mean = List.of(0.0, 0.0, 0.0);

  @Option(
      names = "--judge-std",
      paramLabel = "R,G,B",
      split = ",",
      description = "What the rest is divided by; default 1.")
  private List<Double> deviation = List.of(1.0, 1.0, 1.0);

  @Option(names = "--judge-logits", description = "The classifier gives logits, no probabilities.")
  private boolean logits;

  OpenScorer open(Device device) throws IOException {
    if (judge == null) {
      checkArgument(classes.isEmpty(), "--class says what --judge FILE means; give that too");
      StarterJudge own = StarterJudge.open(device);
      try {
        return new OpenScorer(new JudgeScorer(own.judge(), pictures.read()), own::close);
      } catch (IOException | RuntimeException e) {
        own.close();
        throw e;
      }
    }
    OnnxClassifier.Builder builder =
        OnnxClassifier.builder(judge).size(size, size).normalize(mean, deviation);
    OnnxClassifier classifier = (logits ? builder.softmax() : builder).open(device);
    try {
      return new OpenScorer(ClassifierScorer.of(classifier, classes), classifier::close);
    } catch (RuntimeException e) {
      classifier.close();
      throw e;
    }
  }

  /** What is closed without complaint. */
  interface Owned extends AutoCloseable {
    @Override
    void close();
  }

  /** A scorer and what it runs on. */
  record OpenScorer(PictureScorer scorer, Owned owned) implements AutoCloseable {
    @Override
    public void close() {
      owned.close();
    }
  }
}
