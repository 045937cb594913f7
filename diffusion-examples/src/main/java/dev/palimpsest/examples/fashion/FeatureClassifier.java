package dev.palimpsest.examples.fashion;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.examples.metrics.Logits;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.AdamW;
import dev.palimpsest.training.BatchSource;
import dev.palimpsest.training.Initialization;
import dev.palimpsest.training.LearningRate;
import dev.palimpsest.training.Losses;
import dev.palimpsest.training.TrainingGraph;
import dev.palimpsest.training.TrainingRun;
import dev.palimpsest.training.TrainingRunBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A small convolutional classifier of the ten classes. Its last hidden layer, {@value #FEATURES}
 * wide, is what generated pictures are compared by: features of this very data, not Inception's.
 */
public final class FeatureClassifier implements AutoCloseable {
  /** The width of the last hidden layer. */
  public static final int FEATURES = 128;

  private static final String FEATURES_OUTPUT = "features";
  private static final String LOGITS = "logits";
  private static final int ROWS = 250;

  private final Session session;

  private FeatureClassifier(Session session) {
    this.session = session;
  }

  /** The network: {@code pictures} float32 [batch, 1, side, side] to features and logits. */
  static Graph graph(int side) {
    checkArgument(side > 0 && side % 4 == 0, "side must be divisible by 4, was %s", side);
    Value x = Value.input("pictures", DType.FLOAT32, Dims.parse("batch", 1, side, side));
    x = conv("conv1", x, 1, 16, 1);
    x = conv("conv2", x, 16, 32, 2);
    x = conv("conv3", x, 32, 64, 2);
    int width = 64 * (side / 4) * (side / 4);
    Value features = linear("hidden", x.reshape(-1, width), width, FEATURES).relu();
    Value logits = linear("classes", features, FEATURES, FashionMnist.CLASSES.size());
    return Graph.of("classifier", Map.of(FEATURES_OUTPUT, features, LOGITS, logits));
  }

  private static Value conv(String name, Value x, int in, int out, int stride) {
    return x.conv(weight(name, out, in, 3, 3), bias(name, out), stride, 1).relu();
  }

  private static Value linear(String name, Value x, int in, int out) {
    return x.linear(weight(name, out, in), bias(name, out));
  }

  private static Value weight(String name, long... sizes) {
    return Value.parameter(name + ".weight", DType.FLOAT32, Shape.of(sizes));
  }

  private static Value bias(String name, long size) {
    return Value.parameter(name + ".bias", DType.FLOAT32, Shape.of(size));
  }

  /**
   * A training of it by cross-entropy, to be opened on a folder.
   *
   * @param steps of {@code batch} pictures each
   */
  public static TrainingRunBuilder training(
      LabelledPictures pictures, long steps, int batch, long seed) {
    Graph network = graph(pictures.width());
    Graph bound = network.bind(Map.of("batch", (long) batch));
    int classes = FashionMnist.CLASSES.size();
    Value targets = Value.input("targets", DType.FLOAT32, Dims.of(batch, classes));
    Value loss = Losses.crossEntropy(requireNonNull(bound.outputs().get(LOGITS)), targets);
    var order = new EpochOrder(pictures.count(), batch, seed);
    BatchSource batches =
        (position, random) -> {
          int[] indices = order.batch(position);
          return Map.of(
              "pictures",
              pictures.floats(indices),
              "targets",
              oneHot(pictures.labels(indices), classes));
        };
    return TrainingRun.builder(
            TrainingGraph.of(
                Graph.of("classifier", TrainingGraph.LOSS, loss), network.parameters().keySet()),
            Initialization.torch(network, seed),
            batches)
        .optimizer(AdamW.defaults())
        .learningRate(LearningRate.cosine(1e-3, steps).warmup(Math.min(100, steps / 10)))
        .steps(steps)
        .seed(seed);
  }

  private static Tensor oneHot(Tensor labels, int classes) {
    long[] values = labels.longs();
    float[] targets = new float[values.length * classes];
    for (int i = 0; i < values.length; i++) {
      targets[i * classes + (int) values[i]] = 1;
    }
    return Tensor.of(Shape.of(values.length, classes), targets);
  }

  /**
   * Opens it; whoever does closes it. Thread-safe.
   *
   * @param side of the pictures
   */
  public static FeatureClassifier open(int side, Weights weights, Device device) {
    return new FeatureClassifier(Session.open(graph(side), weights::get, device));
  }

  /**
   * What it sees in pictures.
   *
   * @param features float32 [pictures, 128]
   * @param classes the most likely of each
   */
  public record Seen(Tensor features, List<Integer> classes) {

    public Seen {
      classes = List.copyOf(classes);
    }

    /** The share of pictures whose class is the one given: int64 [pictures]. */
    public double accuracy(Tensor labels) {
      long[] expected = labels.longs();
      checkArgument(
          expected.length == classes.size(),
          "%s labels for %s pictures",
          expected.length,
          classes.size());
      int right = 0;
      for (int i = 0; i < expected.length; i++) {
        right += classes.get(i) == expected[i] ? 1 : 0;
      }
      return (double) right / expected.length;
    }
  }

  /**
   * Looks at pictures.
   *
   * @param pictures float32 [pictures, 1, side, side] in [-1, 1]
   */
  public Seen look(Tensor pictures) {
    int count = Math.toIntExact(pictures.shape().dim(0));
    List<Tensor> features = new ArrayList<>();
    List<Integer> classes = new ArrayList<>();
    for (int from = 0; from < count; from += ROWS) {
      Tensor some = pictures.rows(from, Math.min(from + ROWS, count));
      Map<String, Tensor> out = session.run(Map.of("pictures", some));
      features.add(requireNonNull(out.get(FEATURES_OUTPUT)));
      Tensor logits = requireNonNull(out.get(LOGITS));
      for (int row = 0; row < some.shape().dim(0); row++) {
        classes.add(Logits.of(logits, row).largest());
      }
    }
    return new Seen(Tensor.concat(features), classes);
  }

  @Override
  public void close() {
    session.close();
  }
}
