package dev.palimpsest.examples.fashion;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.model.UNet2DModel;
import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.AdamW;
import dev.palimpsest.training.BatchSource;
import dev.palimpsest.training.DiffusionLoss;
import dev.palimpsest.training.Ema;
import dev.palimpsest.training.Initialization;
import dev.palimpsest.training.LearningRate;
import dev.palimpsest.training.SeededStream;
import dev.palimpsest.training.TrainingGraph;
import dev.palimpsest.training.TrainingRun;
import dev.palimpsest.training.TrainingRunBuilder;
import java.util.HashMap;
import java.util.Map;

/**
 * The training of the study's network by L_hybrid: timesteps uniform, AdamW without decay, a short
 * warm-up and half a cosine down, gradients clipped to length 1, weights averaged.
 *
 * @param steps of {@code batch} pictures each
 * @param seed of the initial weights, the order of pictures, timesteps and noise
 */
public record UNetTraining(FashionUNet network, long steps, int batch, double rate, long seed) {
  private static final double DECAY = 0.999;

  public UNetTraining {
    checkArgument(steps >= 1, "steps must be >= 1, were %s", steps);
    checkArgument(batch >= 1, "batch must be >= 1, was %s", batch);
  }

  /** The weights to start from: as torch and diffusers initialise. */
  public Weights initial() {
    return Initialization.torch(UNet2DModel.graph(network.config()), seed);
  }

  /** Steps over which the learning rate rises. */
  public long warmup() {
    return Math.min(200, steps / 10);
  }

  /** The run, to be opened on a folder. */
  public TrainingRunBuilder run(LabelledPictures pictures) {
    DiffusionLoss loss = DiffusionLoss.hybrid(NoiseSchedule.squaredCosine(FashionUNet.TIMESTEPS));
    long side = network.side();
    long rows = batch;
    Graph bound =
        UNet2DModel.graph(network.config())
            .bind(Map.of("batch", rows, "timesteps", rows, "height", side, "width", side));
    Value value = loss.of(requireNonNull(bound.outputs().get("out_sample")));
    Graph graph = Graph.of("unet", TrainingGraph.LOSS, value);
    return TrainingRun.builder(
            TrainingGraph.of(graph, graph.parameters().keySet()),
            initial(),
            batches(pictures, loss))
        .optimizer(AdamW.defaults().weightDecay(0))
        .learningRate(LearningRate.cosine(rate, steps).warmup(warmup()))
        .ema(Ema.of(DECAY))
        .clip(1)
        .steps(steps)
        .seed(seed)
        .setting("pictures", pictures.pictures().toString());
  }

  private BatchSource batches(LabelledPictures pictures, DiffusionLoss loss) {
    var order = new EpochOrder(pictures.count(), batch, seed);
    return (position, random) -> {
      int[] indices = order.batch(position);
      Tensor original = pictures.floats(indices);
      int[] timesteps = timesteps(random);
      float[] told = new float[timesteps.length];
      for (int i = 0; i < told.length; i++) {
        told[i] = timesteps[i];
      }
      Map<String, Tensor> inputs =
          new HashMap<>(loss.inputs(original, random.gaussian(original.shape()), timesteps));
      inputs.put("timestep", Tensor.of(Shape.of(told.length), told));
      inputs.put("class_labels", pictures.labels(indices));
      return inputs;
    };
  }

  private int[] timesteps(SeededStream random) {
    int[] timesteps = new int[batch];
    for (int i = 0; i < timesteps.length; i++) {
      timesteps[i] = random.below(FashionUNet.TIMESTEPS);
    }
    return timesteps;
  }
}
