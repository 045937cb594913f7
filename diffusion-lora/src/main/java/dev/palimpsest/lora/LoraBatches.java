package dev.palimpsest.lora;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.lora.TrainingPictures.Item;
import dev.palimpsest.model.ClipTokenizer;
import dev.palimpsest.model.LatentDistribution;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.BatchSource;
import dev.palimpsest.training.DiffusionLoss;
import dev.palimpsest.training.DiffusionTarget;
import dev.palimpsest.training.SeededStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Batches of a LoRA training: latents with noise, captions, weights of rows, sizes for XL. */
final class LoraBatches implements BatchSource {
  private final TrainingPictures pictures;
  private final BucketOrder order;
  private final LatentCache cache;
  private final Map<String, ClipTokenizer> tokenizers;
  private final DiffusionLoss loss;
  private final double noiseOffset;
  private final LoraNetwork network;
  private final boolean prior;

  /**
   * @param tokenizers by the inputs that hold their ids
   */
  LoraBatches(
      TrainingPictures pictures,
      BucketOrder order,
      LatentCache cache,
      Map<String, ClipTokenizer> tokenizers,
      LoraNetwork network,
      LoraTrainingBuilder plan,
      DiffusionLoss loss) {
    this.pictures = pictures;
    this.order = order;
    this.cache = cache;
    this.tokenizers = tokenizers;
    this.network = network;
    this.loss = loss;
    this.noiseOffset = plan.noiseOffset;
    this.prior = plan.priorPrediction;
  }

  @Override
  public Map<String, Tensor> batch(long position, SeededStream random) {
    BucketOrder.Place place = order.place(position);
    List<Item> items = new ArrayList<>();
    List<LatentCache.Entry> views = new ArrayList<>();
    for (BucketOrder.Shown shown : order.shown(place)) {
      Item item = pictures.items(place.bucket()).get(shown.item());
      items.add(item);
      views.add(item.views().get((int) (shown.round() % item.views().size())));
    }
    int[] timesteps = new int[items.size()];
    for (int i = 0; i < timesteps.length; i++) {
      timesteps[i] = random.below(loss.schedule().timesteps());
    }
    Tensor latents = latents(views, random);
    Tensor noise = DiffusionTarget.noise(random, latents.shape(), noiseOffset);
    Map<String, Tensor> inputs = new HashMap<>(loss.inputs(latents, noise, timesteps));
    inputs.put("timestep", row(timesteps));
    inputs.put(
        DiffusionLoss.WEIGHT, weights(items, requireNonNull(inputs.get(DiffusionLoss.WEIGHT))));
    inputs.putAll(captions(items, random));
    inputs.putAll(network.dropout(items.size(), random));
    if (prior) {
      inputs.putAll(PriorPrediction.inputs(inputs, items.stream().map(Item::prior).toList()));
    }
    if (network.takesSizes()) {
      inputs.put("time_ids", sizes(views));
    }
    return inputs;
  }

  private Tensor latents(List<LatentCache.Entry> views, SeededStream random) {
    List<Tensor> rows = new ArrayList<>();
    for (LatentCache.Entry view : views) {
      LatentDistribution latents = cache.read(view.file());
      rows.add(cache.scale(latents.sample(random.gaussian(latents.mean().shape()))));
    }
    return Tensor.concat(rows);
  }

  private static Tensor row(int[] timesteps) {
    float[] values = new float[timesteps.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = timesteps[i];
    }
    return Tensor.of(Shape.of(values.length), values);
  }

  private static Tensor weights(List<Item> items, Tensor ofLoss) {
    float[] weights = ofLoss.floats().clone();
    for (int i = 0; i < weights.length; i++) {
      weights[i] *= (float) items.get(i).weight();
    }
    return Tensor.of(ofLoss.shape(), weights);
  }

  private Map<String, Tensor> captions(List<Item> items, SeededStream random) {
    List<String> shown = new ArrayList<>();
    items.forEach(item -> shown.add(item.captions().shown(item.picture().caption(), random)));
    Map<String, Tensor> ids = new HashMap<>();
    tokenizers.forEach((input, tokenizer) -> ids.put(input, ids(tokenizer, shown)));
    return ids;
  }

  private static Tensor ids(ClipTokenizer tokenizer, List<String> captions) {
    int length = tokenizer.maxLength();
    long[] ids = new long[captions.size() * length];
    for (int i = 0; i < captions.size(); i++) {
      System.arraycopy(tokenizer.encodePadded(captions.get(i)).ids(), 0, ids, i * length, length);
    }
    return Tensor.of(Shape.of(captions.size(), length), ids);
  }

  /** What SDXL is told of each picture: its size, the corner cut away, the size it is shown in. */
  private static Tensor sizes(List<LatentCache.Entry> views) {
    float[] values = new float[6 * views.size()];
    int at = 0;
    for (LatentCache.Entry view : views) {
      values[at++] = view.picture().height();
      values[at++] = view.picture().width();
      values[at++] = view.view().top();
      values[at++] = view.view().left();
      values[at++] = view.bucket().height();
      values[at++] = view.bucket().width();
    }
    return Tensor.of(Shape.of(views.size(), 6), values);
  }
}
