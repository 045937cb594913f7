package dev.palimpsest.examples.car.study;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.examples.car.CarCaption;
import dev.palimpsest.examples.car.CarScene;
import dev.palimpsest.examples.car.Make;
import dev.palimpsest.examples.car.RenderSets;
import dev.palimpsest.examples.car.Trait;
import dev.palimpsest.examples.emoji.JudgeNetwork;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.model.ClipTextModel;
import dev.palimpsest.model.ClipTokenizer;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.AdamW;
import dev.palimpsest.training.Initialization;
import dev.palimpsest.training.LearningRate;
import dev.palimpsest.training.Losses;
import dev.palimpsest.training.SeededStream;
import dev.palimpsest.training.TrainingGraph;
import dev.palimpsest.training.TrainingRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Teaches a text encoder the words of captions before a U-Net learns what they look like: from its
 * last state one layer a question tells the values that a caption names, while the states of
 * captions that it knows stay. The loss of a diffusion model hardly tells a text encoder such words
 * as {@code front} and {@code rear} apart: they change a picture where it is mostly noise.
 */
final class WordTraining {
  static final String PART = "text_encoder";

  private static final String KEPT = "kept";
  private static final String HOLD = "hold";
  private static final int BATCH = 64;
  private static final int SCENES = 4000;
  private static final double RATE = 1e-3;
  private static final long SEED = 5;

  private final Component encoder;
  private final ClipTokenizer tokenizer;
  private final List<CarScene> scenes = new ArrayList<>();
  private final List<String> known;
  private final Map<String, Tensor> states = new HashMap<>();

  /**
   * @param makes whose captions are learned
   * @param known captions whose states are to stay
   */
  WordTraining(Checkpoint checkpoint, List<Make> makes, List<String> known, Device device)
      throws IOException {
    encoder = checkpoint.component(PART);
    int most = encoder.config().integer("max_position_embeddings", 77);
    ClipTokenizer read = ClipTokenizer.read(checkpoint.component("tokenizer"));
    tokenizer = read.withMaxLength(Math.min(most, read.maxLength()));
    makes.forEach(make -> scenes.addAll(RenderSets.scenes(make, SCENES / makes.size(), SEED)));
    this.known = List.copyOf(known);
    Graph network = ClipTextModel.graph(encoder.config(), List.of(ClipTextModel.LAST_HIDDEN_STATE));
    try (Session session = Session.open(network, encoder.weights()::get, device)) {
      for (String caption : this.known) {
        Map<String, Tensor> ids = Map.of(ClipTextModel.INPUT_IDS, ids(List.of(caption)));
        Tensor state = session.run(ids).get(ClipTextModel.LAST_HIDDEN_STATE);
        states.put(caption, requireNonNull(state));
      }
    }
  }

  /** The run on a folder; whoever opens it closes it. */
  TrainingRun open(long steps, Device device, Path folder) throws IOException {
    Graph graph = withLoss();
    Map<String, Tensor> start = new TreeMap<>();
    Weights heads = Initialization.torch(graph, SEED);
    heads.names().forEach(name -> start.put(name, heads.get(name)));
    Weights weights = encoder.weights();
    weights.names().forEach(name -> start.put(name, weights.get(name).as(DType.FLOAT32)));
    return TrainingRun.builder(
            TrainingGraph.of(graph, graph.parameters().keySet()),
            Weights.of(start),
            (position, random) -> batch(random))
        .optimizer(AdamW.defaults())
        .learningRate(LearningRate.cosine(RATE, steps).warmup(steps / 20))
        .steps(steps)
        .saveEvery(250)
        .device(device)
        .seed(SEED)
        .open(folder);
  }

  /** The text encoder with trained weights. */
  Component trained(Weights weights) {
    Map<String, Tensor> own = new TreeMap<>();
    encoder.weights().names().forEach(name -> own.put(name, weights.get(name).as(DType.FLOAT16)));
    return Component.network(PART, encoder.className(), encoder.config(), Weights.of(own));
  }

  private int width() {
    return encoder.config().integer("hidden_size");
  }

  private Graph withLoss() {
    int length = tokenizer.maxLength();
    Graph network = ClipTextModel.graph(encoder.config(), List.of(ClipTextModel.LAST_HIDDEN_STATE));
    Graph bound = network.bind(Map.of("batch", (long) BATCH, "tokens", (long) length));
    Value state = requireNonNull(bound.outputs().get(ClipTextModel.LAST_HIDDEN_STATE));
    Value kept = Value.input(KEPT, DType.FLOAT32, state.dims());
    Value hold = input(HOLD, Shape.of(BATCH, 1, 1));
    Value loss = Losses.masked(state, kept, hold);
    Value last = state.slice(1, length - 1, length).reshape(BATCH, width());
    for (Question question : Question.values()) {
      int answers = question.answers().size();
      Value logits = JudgeNetwork.answers(question.parameter(), last, answers);
      loss =
          loss.add(
              Losses.crossEntropy(
                  logits, input(question.parameter() + "_named", Shape.of(BATCH, answers))));
    }
    return Graph.of("words", TrainingGraph.LOSS, loss);
  }

  private static Value input(String name, Shape shape) {
    return Value.input(name, DType.FLOAT32, Dims.of(shape));
  }

  /** Half captions of cars, each third of them without a make; half captions that are known. */
  private Map<String, Tensor> batch(SeededStream random) {
    List<String> captions = new ArrayList<>();
    List<Tensor> kept = new ArrayList<>();
    float[] hold = new float[BATCH];
    Map<Question, float[]> named = new HashMap<>();
    for (Question question : Question.values()) {
      named.put(question, new float[BATCH * question.answers().size()]);
    }
    Shape state = Shape.of(1, tokenizer.maxLength(), width());
    for (int row = 0; row < BATCH; row++) {
      if (row % 2 == 0) {
        captions.add(car(row, named, random));
        kept.add(Tensor.zeros(state));
      } else {
        String caption = known.get(random.below(known.size()));
        captions.add(caption);
        kept.add(requireNonNull(states.get(caption)));
        hold[row] = 1;
      }
    }
    Map<String, Tensor> batch = new HashMap<>();
    batch.put(ClipTextModel.INPUT_IDS, ids(captions));
    batch.put(KEPT, Tensor.concat(0, kept));
    batch.put(HOLD, Tensor.of(Shape.of(BATCH, 1, 1), hold));
    named.forEach(
        (question, values) ->
            batch.put(
                question.parameter() + "_named",
                Tensor.of(Shape.of(BATCH, question.answers().size()), values)));
    return batch;
  }

  /** A caption, with what it names marked in its row. */
  private String car(int row, Map<Question, float[]> named, SeededStream random) {
    CarScene scene = scenes.get(random.below(scenes.size()));
    CarCaption form = CarCaption.values()[random.below(CarCaption.values().length)];
    boolean general = random.below(3) == 0;
    Map<String, Trait> traits = scene.traits();
    for (Question question : Question.values()) {
      String words = requireNonNull(traits.get(question.parameter())).words();
      boolean told = form.names(scene).contains(words) && !(general && question == Question.MAKE);
      if (told) {
        int answers = question.answers().size();
        requireNonNull(named.get(question))[row * answers + question.answers().indexOf(words)] = 1;
      }
    }
    String caption = form.of(scene);
    return general ? Concepts.general(caption, scene.body().make().words()) : caption;
  }

  private Tensor ids(List<String> captions) {
    int length = tokenizer.maxLength();
    long[] ids = new long[captions.size() * length];
    for (int i = 0; i < captions.size(); i++) {
      long[] own = tokenizer.encodePadded(captions.get(i)).ids();
      System.arraycopy(own, 0, ids, i * length, length);
    }
    return Tensor.of(Shape.of(captions.size(), length), ids);
  }
}
