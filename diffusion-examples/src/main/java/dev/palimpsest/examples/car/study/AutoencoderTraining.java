package dev.palimpsest.examples.car.study;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.examples.emoji.Emoji64;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.image.Resampling;
import dev.palimpsest.model.AutoencoderKL;
import dev.palimpsest.model.AutoencoderKLConfig;
import dev.palimpsest.model.LatentDistribution;
import dev.palimpsest.model.Stage;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.AdamW;
import dev.palimpsest.training.DataOrder;
import dev.palimpsest.training.Ema;
import dev.palimpsest.training.LearningRate;
import dev.palimpsest.training.SeededStream;
import dev.palimpsest.training.TrainingGraph;
import dev.palimpsest.training.TrainingRun;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Trains both halves of an autoencoder on, for pictures that it was not made for: absolute errors
 * of what is decoded from drawn latents, and a little of their divergence from the normal
 * distribution (Rombach et al. 2022, section 3.1, without its adversary). Squares are cut out of
 * pictures that are larger than the model's, half of all mirrored.
 */
final class AutoencoderTraining {
  private static final String PICTURES = "pictures";
  private static final String NOISE = "noise";
  private static final String DECODED = "decoded";
  private static final float DIVERGENCE = 1e-4f;
  private static final float ROUND = 1e-6f;
  private static final int MEASURED = 256;
  private static final int BATCH = 16;
  private static final int SIDE = Emoji64.SIZE;
  private static final long SEED = 4;

  private final Component autoencoder;
  private final AutoencoderKLConfig config;
  private final List<BufferedImage> pictures;

  /**
   * @param pictures each at least as large as the model's
   */
  AutoencoderTraining(Component autoencoder, List<BufferedImage> pictures) {
    this.autoencoder = autoencoder;
    this.config = AutoencoderKLConfig.of(autoencoder.config());
    this.pictures = List.copyOf(pictures);
  }

  /** The run on a folder; whoever opens it closes it. */
  TrainingRun open(StudyPlan.Encoding plan, Device device, Path folder) throws IOException {
    Graph network = withLoss(plan.batch());
    var order = new DataOrder(pictures.size(), SEED);
    return TrainingRun.builder(
            TrainingGraph.of(network, network.parameters().keySet()),
            of(autoencoder.weights(), DType.FLOAT32),
            (position, random) -> batch(order, position, plan.batch(), random))
        .optimizer(AdamW.defaults())
        .learningRate(LearningRate.cosine(plan.rate(), plan.steps()).warmup(plan.steps() / 20))
        .ema(Ema.of(0.99))
        .steps(plan.steps())
        .saveEvery(250)
        .device(device)
        .seed(SEED)
        .open(folder);
  }

  private Graph withLoss(int batch) {
    Value shown = input(PICTURES, Shape.of(batch, 3, SIDE, SIDE));
    Value moments = through(AutoencoderKL.encoderStages(autoencoder.config()), shown);
    int channels = config.latentChannels();
    Value mean = moments.slice(1, 0, channels);
    Value logVariance = moments.slice(1, channels, 2L * channels);
    Value noise = input(NOISE, latents(batch));
    Value latents = mean.add(logVariance.mul(0.5f).exp().mul(noise));
    Value drawn = through(AutoencoderKL.decoderStages(autoencoder.config()), latents);
    Value difference = drawn.sub(shown);
    Value error = mean(difference.mul(difference).add(ROUND).sqrt());
    Value divergence =
        mean(mean.mul(mean).add(logVariance.exp()).sub(logVariance).add(-1)).mul(0.5f);
    return Graph.of("autoencoder", TrainingGraph.LOSS, error.add(divergence.mul(DIVERGENCE)));
  }

  private Shape latents(int batch) {
    int side = SIDE / config.downscale();
    return Shape.of(batch, config.latentChannels(), side, side);
  }

  private static Value input(String name, Shape shape) {
    return Value.input(name, DType.FLOAT32, Dims.of(shape));
  }

  private static Value through(List<Stage> stages, Value x) {
    Value out = x;
    for (Stage stage : stages) {
      out = stage.network().apply(out);
    }
    return out;
  }

  private static Value mean(Value value) {
    return value.reshape(-1).mean(0);
  }

  private Map<String, Tensor> batch(DataOrder order, long position, int size, SeededStream random) {
    var rows = new ArrayList<Tensor>();
    for (int row = 0; row < size; row++) {
      rows.add(Pictures.toTensor(cut(pictures.get(order.at(position * size + row)), random)));
    }
    return Map.of(PICTURES, Tensor.concat(0, rows), NOISE, random.gaussian(latents(size)));
  }

  private static BufferedImage cut(BufferedImage picture, SeededStream random) {
    int shorter = Math.min(picture.getWidth(), picture.getHeight());
    int side = SIDE + random.below(shorter - SIDE + 1);
    int x = random.below(picture.getWidth() - side + 1);
    int y = random.below(picture.getHeight() - side + 1);
    BufferedImage part = picture.getSubimage(x, y, side, side);
    BufferedImage square = side == SIDE ? part : Resampling.LANCZOS.resize(part, SIDE, SIDE);
    return random.chance(0.5) ? LabelledRender.mirrored(square) : square;
  }

  /** The autoencoder with trained weights, and with latents scaled to a deviation of one. */
  Component trained(Weights weights, Device device) throws IOException {
    Map<String, Object> fields = new LinkedHashMap<>(autoencoder.config().asMap());
    fields.put("scaling_factor", 1 / deviation(weights, device));
    return Component.network(
        autoencoder.name(), autoencoder.className(), Config.of(fields), of(weights, DType.FLOAT16));
  }

  private double deviation(Weights weights, Device device) {
    var random = SeededStream.of(SEED, "measured");
    double sum = 0;
    double squares = 0;
    long count = 0;
    try (Session encoder =
        Session.open(AutoencoderKL.encoderGraph(autoencoder.config()), weights::get, device)) {
      for (int i = 0; i < MEASURED; i += BATCH) {
        Map<String, Tensor> batch =
            batch(new DataOrder(pictures.size(), SEED), i / BATCH, BATCH, random);
        Tensor parameters =
            encoder
                .run(Map.of(AutoencoderKL.SAMPLE, requireNonNull(batch.get(PICTURES))))
                .get(AutoencoderKL.LATENT_PARAMETERS);
        LatentDistribution latents = LatentDistribution.of(requireNonNull(parameters));
        for (float value : latents.sample(requireNonNull(batch.get(NOISE))).floats()) {
          sum += value;
          squares += (double) value * value;
          count++;
        }
      }
    }
    double mean = sum / count;
    return Math.sqrt(squares / count - mean * mean);
  }

  /** Pictures encoded to their most likely latents and decoded, in order. */
  static List<BufferedImage> through(
      Component autoencoder, List<BufferedImage> pictures, Device device) {
    Config config = autoencoder.config();
    Value shown = Value.input(PICTURES, DType.FLOAT32, Dims.parse("batch", 3, "height", "width"));
    Value moments = through(AutoencoderKL.encoderStages(config), shown);
    Value mean = moments.slice(1, 0, AutoencoderKLConfig.of(config).latentChannels());
    Graph graph =
        Graph.of("autoencoder", DECODED, through(AutoencoderKL.decoderStages(config), mean));
    Weights weights = autoencoder.weights();
    var decoded = new ArrayList<BufferedImage>();
    try (Session session = Session.open(graph, weights::get, device)) {
      for (BufferedImage picture : pictures) {
        Tensor pixels = session.run(Map.of(PICTURES, Pictures.toTensor(picture))).get(DECODED);
        decoded.addAll(Pictures.fromTensor(requireNonNull(pixels)));
      }
    }
    return decoded;
  }

  private static Weights of(Weights weights, DType dtype) {
    Map<String, Tensor> tensors = new TreeMap<>();
    weights.names().forEach(name -> tensors.put(name, weights.get(name).as(dtype)));
    return Weights.of(tensors);
  }
}
