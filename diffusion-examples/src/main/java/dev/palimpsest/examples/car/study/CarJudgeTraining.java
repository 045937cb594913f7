package dev.palimpsest.examples.car.study;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.examples.emoji.Augmentation;
import dev.palimpsest.examples.emoji.Emoji64;
import dev.palimpsest.examples.emoji.JudgeNetwork;
import dev.palimpsest.examples.emoji.Style;
import dev.palimpsest.examples.emoji.Subject;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.runtime.Device;
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
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Trains the network that says what a render shows: one trunk, one layer a question. A render is
 * shown mirrored too, then with the mirrored angle as its answer.
 */
final class CarJudgeTraining {
  static final String FEATURES = "features";

  private static final Augmentation VARIED = new Augmentation(4, 5, 0.15, 0, 0.1, 0.06, 0.5, 0.08);

  /** Narrower than the judge of the emoji: there are few renders to learn from. */
  private static final int[] WIDTHS = {16, 32, 64, 96, 128};

  private static final double RATE = 2e-3;
  private static final double DECAY = 0.05;
  private static final int SEED = 9;

  /** Subjects of emoji that are shown as what is neither car nor rally. */
  private static final int OTHERS = 30;

  private final List<Example> examples = new ArrayList<>();

  /** A picture and the answers that are known of it. */
  private record Example(BufferedImage picture, Map<String, String> answers) {
    Example mirrored() {
      return new Example(LabelledRender.mirrored(picture), Question.mirrored(answers));
    }
  }

  CarJudgeTraining(RenderData renders, Emoji64 emoji) throws IOException {
    for (LabelledRender render : renders.shown()) {
      var example = new Example(render.square(Emoji64.SIZE), render.labels());
      examples.add(example);
      examples.add(example.mirrored());
    }
    String make = Question.MAKE.parameter();
    for (LabelledRender render : renders.rally()) {
      examples.add(new Example(render.square(Emoji64.SIZE), Map.of(make, Question.RALLY)));
    }
    List<Subject> subjects = emoji.subjects();
    int[] order = SeededStream.of(SEED, "others").permutation(subjects.size());
    for (int i = 0; i < OTHERS; i++) {
      Style style = Style.values()[i % Style.values().length];
      BufferedImage picture = emoji.picture(subjects.get(order[i]), style);
      examples.add(new Example(picture, Map.of(make, Question.OTHER)));
    }
  }

  /** The network: its features and the logits of each question by its parameter's name. */
  static Graph network() {
    Value features = JudgeNetwork.features(WIDTHS);
    Map<String, Value> outputs = new LinkedHashMap<>();
    outputs.put(FEATURES, features);
    for (Question question : Question.ofNetwork()) {
      outputs.put(
          question.parameter(),
          JudgeNetwork.answers(question.parameter(), features, question.answers().size()));
    }
    return Graph.of("car judge", outputs);
  }

  /** The run on a folder; whoever opens it closes it. */
  TrainingRun open(StudyPlan.Judging plan, Device device, Path folder) throws IOException {
    Graph network = network();
    TrainingGraph graph =
        TrainingGraph.of(
            withLoss(network).bind(Map.of("batch", (long) plan.batch())),
            network.parameters().keySet());
    var order = new DataOrder(examples.size(), SEED);
    BatchSource batches = (position, random) -> batch(order, position, plan.batch(), random);
    return TrainingRun.builder(graph, Initialization.torch(network, SEED), batches)
        .optimizer(AdamW.defaults().weightDecay(DECAY))
        .learningRate(LearningRate.cosine(RATE, plan.steps()).warmup(plan.steps() / 10))
        .ema(Ema.of(0.99))
        .steps(plan.steps())
        .saveEvery(100)
        .device(device)
        .seed(SEED)
        .open(folder);
  }

  /** The sum of all questions' cross-entropies; an unknown answer adds nothing. */
  private static Graph withLoss(Graph network) {
    Value loss = null;
    for (Question question : Question.ofNetwork()) {
      Value logits = requireNonNull(network.outputs().get(question.parameter()));
      Value targets = Value.input(targets(question), DType.FLOAT32, logits.dims());
      Value own = Losses.crossEntropy(logits, targets);
      loss = loss == null ? own : loss.add(own);
    }
    return Graph.of("car judge", TrainingGraph.LOSS, requireNonNull(loss));
  }

  private static String targets(Question question) {
    return "targets_" + question.parameter();
  }

  private Map<String, Tensor> batch(DataOrder order, long position, int size, SeededStream random) {
    int values = 3 * Emoji64.SIZE * Emoji64.SIZE;
    float[] pictures = new float[size * values];
    Map<Question, float[]> targets = new HashMap<>();
    for (Question question : Question.ofNetwork()) {
      targets.put(question, new float[size * question.answers().size()]);
    }
    for (int row = 0; row < size; row++) {
      Example example = examples.get(order.at(position * size + row));
      float[] picture = VARIED.apply(example.picture, random);
      System.arraycopy(picture, 0, pictures, row * values, values);
      for (Question question : Question.ofNetwork()) {
        int answer =
            question.answers().indexOf(example.answers.getOrDefault(question.parameter(), ""));
        if (answer >= 0) {
          requireNonNull(targets.get(question))[row * question.answers().size() + answer] = 1;
        }
      }
    }
    Map<String, Tensor> batch = new HashMap<>();
    batch.put(
        JudgeNetwork.PICTURES, Tensor.of(Shape.of(size, 3, Emoji64.SIZE, Emoji64.SIZE), pictures));
    targets.forEach(
        (question, rows) ->
            batch.put(
                targets(question), Tensor.of(Shape.of(size, question.answers().size()), rows)));
    return batch;
  }
}
