package dev.palimpsest.examples.emoji;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Onnx;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.AdamW;
import dev.palimpsest.training.BatchSource;
import dev.palimpsest.training.DataOrder;
import dev.palimpsest.training.Ema;
import dev.palimpsest.training.Initialization;
import dev.palimpsest.training.LearningRate;
import dev.palimpsest.training.Losses;
import dev.palimpsest.training.SeededStream;
import dev.palimpsest.training.TrainingGraph;
import dev.palimpsest.training.TrainingRun;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Trains the judge on varied pictures of all subjects, those of the held-out group too: it must
 * know what starter models do not. Each subject has one picture a style, so there is no other
 * drawing to validate on: {@link #accuracy} is on variations that training has not seen.
 */
public final class JudgeTraining {
  private static final int BATCH = 64;
  private static final double RATE = 2e-3;
  private static final double DECAY = 0.05;
  private static final int SEED = 64;

  /** The probability of the right class in what the judge learns (label smoothing). */
  private static final float SURE = 0.95f;

  private final Emoji64 emoji;
  private final List<BufferedImage> pictures = new ArrayList<>();
  private final List<Style> styles = List.of(Style.values());
  private final DataOrder order;

  public JudgeTraining(Emoji64 emoji) {
    this.emoji = emoji;
    emoji
        .subjects()
        .forEach(subject -> styles.forEach(style -> pictures.add(emoji.picture(subject, style))));
    order = new DataOrder(pictures.size(), SEED);
  }

  /**
   * A judge's accuracy.
   *
   * @param subject the part of pictures whose subject it knows
   * @param style the part of pictures whose style it knows
   */
  public record Accuracy(double subject, double style, int pictures) {}

  /** The run on a folder; whoever opens it closes it. */
  public TrainingRun open(Path folder, long steps) throws IOException {
    Graph network = JudgeNetwork.graph(emoji.subjects().size());
    TrainingGraph graph =
        TrainingGraph.of(
            withLoss(network).bind(Map.of("batch", (long) BATCH)), network.parameters().keySet());
    BatchSource batches = this::batch;
    return TrainingRun.builder(graph, Initialization.torch(network, SEED), batches)
        .optimizer(AdamW.defaults().weightDecay(DECAY))
        .learningRate(LearningRate.cosine(RATE, steps).warmup(Math.min(200, steps / 10)))
        .ema(Ema.of(0.998))
        .steps(steps)
        .seed(SEED)
        .open(folder);
  }

  private static Graph withLoss(Graph network) {
    Value subject = requireNonNull(network.outputs().get(JudgeNetwork.SUBJECT));
    Value style = requireNonNull(network.outputs().get(JudgeNetwork.STYLE));
    Value loss =
        Losses.crossEntropy(subject, Value.input("subjects", DType.FLOAT32, subject.dims()))
            .add(Losses.crossEntropy(style, Value.input("styles", DType.FLOAT32, style.dims())));
    return Graph.of("judge", TrainingGraph.LOSS, loss);
  }

  private Map<String, Tensor> batch(long position, SeededStream random) {
    int[] chosen = new int[BATCH];
    for (int i = 0; i < BATCH; i++) {
      chosen[i] = order.at(position * BATCH + i);
    }
    int[] subjects = new int[BATCH];
    int[] drawn = new int[BATCH];
    for (int i = 0; i < BATCH; i++) {
      subjects[i] = chosen[i] / styles.size();
      drawn[i] = chosen[i] % styles.size();
    }
    return Map.of(
        JudgeNetwork.PICTURES,
        varied(chosen, random),
        "subjects",
        certain(subjects, emoji.subjects().size()),
        "styles",
        certain(drawn, styles.size()));
  }

  /** The classes as probabilities, the right one {@link #SURE}. */
  private static Tensor certain(int[] classes, int count) {
    float[] targets = new float[classes.length * count];
    Arrays.fill(targets, (1 - SURE) / (count - 1));
    for (int i = 0; i < classes.length; i++) {
      targets[i * count + classes[i]] = SURE;
    }
    return Tensor.of(Shape.of(classes.length, count), targets);
  }

  private Tensor varied(int[] chosen, SeededStream random) {
    int size = 3 * Emoji64.SIZE * Emoji64.SIZE;
    float[] values = new float[chosen.length * size];
    for (int i = 0; i < chosen.length; i++) {
      float[] picture = Augmentation.FULL.apply(pictures.get(chosen[i]), random);
      System.arraycopy(picture, 0, values, i * size, size);
    }
    return Tensor.of(Shape.of(chosen.length, 3, Emoji64.SIZE, Emoji64.SIZE), values);
  }

  /** Writes a judge of the given weights, in half precision, as an ONNX file. */
  public void export(Weights weights, Path file) throws IOException {
    Graph network = JudgeNetwork.graph(emoji.subjects().size());
    Onnx.write(network.replaceLeaves(JudgeTraining::stored), weights::get, file);
  }

  /** A weight that is stored in half precision and computed with in float32. */
  private static Value stored(Value leaf) {
    return leaf.isParameter()
        ? Value.parameter(requireNonNull(leaf.name()), DType.FLOAT16, leaf.shape())
            .cast(DType.FLOAT32)
        : leaf;
  }

  /** The accuracy on one variation of each picture that training has not seen. */
  public Accuracy accuracy(Judge judge) {
    var random = SeededStream.of(SEED, "validation");
    int subjectsRight = 0;
    int stylesRight = 0;
    for (int from = 0; from < pictures.size(); from += BATCH) {
      int[] chosen = new int[Math.min(BATCH, pictures.size() - from)];
      for (int i = 0; i < chosen.length; i++) {
        chosen[i] = from + i;
      }
      List<Judge.Verdict> verdicts = judge.judge(varied(chosen, random));
      for (int i = 0; i < chosen.length; i++) {
        subjectsRight += verdicts.get(i).subject() == chosen[i] / styles.size() ? 1 : 0;
        stylesRight += verdicts.get(i).style() == styles.get(chosen[i] % styles.size()) ? 1 : 0;
      }
    }
    double all = pictures.size();
    return new Accuracy(subjectsRight / all, stylesRight / all, pictures.size());
  }
}
