package dev.palimpsest.lora;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.WeightProduct;
import dev.palimpsest.model.ClipTextModel;
import dev.palimpsest.model.UNet2DConditionModel;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/** LoRAs of noise, for tests. */
final class Loras {
  private Loras() {}

  /** What random modules are like. */
  enum Kind {
    PLAIN,
    RANK_STABILIZED,
    DORA
  }

  /** A LoRA of noise for the modules whose paths, component first, are wanted. */
  static Lora noise(Checkpoint checkpoint, Kind kind, long seed, Predicate<String> wanted) {
    var noise = NoiseSource.torch(seed);
    Map<LoraTarget, LoraModule> modules = new TreeMap<>();
    int rank = 1;
    for (LoraTarget target : targets(checkpoint)) {
      if (wanted.test(target.toString())) {
        Shape weight = checkpoint.weights(target.component()).shape(target.weight());
        modules.put(target, module(weight, rank, kind, noise));
        rank = rank % 6 + 1;
      }
    }
    return Lora.of("noise" + seed, modules, Map.of());
  }

  /** Attention of the U-Net and the text encoders. */
  static Lora attention(Checkpoint checkpoint, Kind kind, long seed) {
    return noise(checkpoint, kind, seed, path -> path.contains("attn"));
  }

  private static LoraModule module(Shape weight, int rank, Kind kind, NoiseSource noise) {
    Tensor down = scaled(noise.gaussian(weight.withDim(0, rank)), 0.3f);
    Shape up =
        weight.rank() == 2 ? Shape.of(weight.dim(0), rank) : Shape.of(weight.dim(0), rank, 1, 1);
    Tensor b = scaled(noise.gaussian(up), 0.3f);
    Tensor magnitude = scaled(noise.gaussian(Shape.of(weight.dim(0))), 0.1f);
    float[] lengths = magnitude.floats();
    for (int i = 0; i < lengths.length; i++) {
      lengths[i] += 1;
    }
    return new LoraModule(
        down,
        b,
        rank + 0.5,
        kind == Kind.RANK_STABILIZED,
        kind == Kind.DORA ? Optional.of(Tensor.of(magnitude.shape(), lengths)) : Optional.empty());
  }

  private static Tensor scaled(Tensor tensor, float factor) {
    float[] values = tensor.floats();
    for (int i = 0; i < values.length; i++) {
      values[i] *= factor;
    }
    return Tensor.of(tensor.shape(), values);
  }

  /** All linear layers and convolutions of the U-Net and the text encoders. */
  static TreeSet<LoraTarget> targets(Checkpoint checkpoint) {
    var targets = new TreeSet<LoraTarget>();
    for (String name : checkpoint.components()) {
      if (name.equals("unet") || name.startsWith("text_encoder")) {
        graph(checkpoint.component(name))
            .replaceProducts(
                product -> {
                  targets.add(new LoraTarget(name, module(product)));
                  return product.output();
                });
      }
    }
    return targets;
  }

  private static String module(WeightProduct product) {
    return product.name().substring(0, product.name().length() - ".weight".length());
  }

  static Graph graph(Component component) {
    return component.name().equals("unet")
        ? UNet2DConditionModel.graph(component.config())
        : ClipTextModel.graph(component.config());
  }
}
