package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.model.ClipTextModel;
import dev.palimpsest.model.ClipTokenizer;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Batches for a diffusion network: pictures, noise, timesteps, and captions or classes. */
final class DiffusionBatches implements BatchSource {
  private final TrainingData data;
  private final DataOrder order;
  private final DiffusionTrainingBuilder plan;
  private final Optional<ClipTokenizer> tokenizer;
  private final int classes;
  private final Shape shape;
  private final Map<String, long[]> tokens = new ConcurrentHashMap<>();

  /**
   * @param classes what labels are below; 0 if the network takes none
   * @param shape of an item
   */
  DiffusionBatches(
      TrainingData data,
      DiffusionTrainingBuilder plan,
      Optional<ClipTokenizer> tokenizer,
      int classes,
      Shape shape) {
    this.data = data;
    this.plan = plan;
    this.tokenizer = tokenizer;
    this.classes = classes;
    this.shape = shape;
    this.order = new DataOrder(data.size(), plan.seed());
  }

  @Override
  public Map<String, Tensor> batch(long position, SeededStream random) {
    int rows = plan.batch;
    var items = new ArrayList<TrainingItem>();
    for (int i = 0; i < rows; i++) {
      long place = position * rows + i;
      items.add(item(order.at(place), SeededStream.of(plan.seed(), "item", place)));
    }
    int[] timesteps = new int[rows];
    for (int i = 0; i < rows; i++) {
      timesteps[i] = random.below(plan.loss.schedule().timesteps());
    }
    Tensor originals = Tensor.concat(items.stream().map(DiffusionBatches::row).toList());
    Tensor noise = DiffusionTarget.noise(random, originals.shape(), plan.noiseOffset);
    Map<String, Tensor> inputs = new HashMap<>(plan.loss.inputs(originals, noise, timesteps));
    float[] times = new float[rows];
    for (int i = 0; i < rows; i++) {
      times[i] = timesteps[i];
    }
    inputs.put("timestep", Tensor.of(Shape.of(rows), times));
    if (classes > 0) {
      inputs.put("class_labels", labels(items, random));
    }
    tokenizer.ifPresent(known -> inputs.put(ClipTextModel.INPUT_IDS, ids(known, items, random)));
    return inputs;
  }

  private TrainingItem item(int index, SeededStream random) {
    TrainingItem item = data.item(index, random);
    checkArgument(
        item.pixels().shape().equals(shape),
        "item %s has shape %s, the first has %s",
        index,
        item.pixels().shape(),
        shape);
    return item;
  }

  private static Tensor row(TrainingItem item) {
    Shape shape = item.pixels().shape();
    return item.pixels().reshape(Shape.of(1, shape.dim(0), shape.dim(1), shape.dim(2)));
  }

  private Tensor labels(List<TrainingItem> items, SeededStream random) {
    int known = plan.dropout > 0 ? classes - 1 : classes;
    long[] labels = new long[items.size()];
    for (int i = 0; i < labels.length; i++) {
      int label = items.get(i).label();
      checkArgument(0 <= label && label < known, "label %s is not in 0..%s", label, known - 1);
      labels[i] = random.chance(plan.dropout) ? known : label;
    }
    return Tensor.of(Shape.of(labels.length), labels);
  }

  private Tensor ids(ClipTokenizer known, List<TrainingItem> items, SeededStream random) {
    int length = known.maxLength();
    long[] ids = new long[items.size() * length];
    for (int i = 0; i < items.size(); i++) {
      String caption = random.chance(plan.dropout) ? "" : items.get(i).caption();
      long[] row =
          requireNonNull(tokens.computeIfAbsent(caption, text -> known.encodePadded(text).ids()));
      System.arraycopy(row, 0, ids, i * length, length);
    }
    return Tensor.of(Shape.of(items.size(), length), ids);
  }
}
