package dev.palimpsest.training;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.model.AutoencoderKL;
import dev.palimpsest.model.AutoencoderKLConfig;
import dev.palimpsest.model.LatentDistribution;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Pictures as an autoencoder's latents, encoded once; each item is a draw from its distribution.
 */
final class LatentData implements TrainingData {
  private record Encoded(LatentDistribution latents, TrainingItem item) {}

  private final List<Encoded> items;
  private final AutoencoderKLConfig config;

  private LatentData(List<Encoded> items, AutoencoderKLConfig config) {
    this.items = items;
    this.config = config;
  }

  /** Encodes each picture, augmented as the seed decides, once. */
  static LatentData encode(TrainingData pictures, Component vae, long seed, Device device) {
    var items = new ArrayList<Encoded>();
    var weights = vae.weights();
    try (Session session =
        Session.open(AutoencoderKL.encoderGraph(vae.config()), weights::get, device)) {
      for (int i = 0; i < pictures.size(); i++) {
        TrainingItem item = pictures.item(i, SeededStream.of(seed, "encoded", i));
        Tensor pixels = row(item.pixels());
        Tensor parameters =
            session.run(Map.of(AutoencoderKL.SAMPLE, pixels)).get(AutoencoderKL.LATENT_PARAMETERS);
        items.add(new Encoded(LatentDistribution.of(requireNonNull(parameters)), item));
      }
    }
    return new LatentData(items, AutoencoderKLConfig.of(vae.config()));
  }

  private static Tensor row(Tensor tensor) {
    Shape shape = tensor.shape();
    return tensor.reshape(Shape.of(1, shape.dim(0), shape.dim(1), shape.dim(2)));
  }

  @Override
  public int size() {
    return items.size();
  }

  @Override
  public TrainingItem item(int index, SeededStream random) {
    Encoded encoded = items.get(index);
    LatentDistribution latents = encoded.latents();
    Tensor draw = config.scale(latents.sample(random.gaussian(latents.mean().shape())));
    Shape shape = draw.shape();
    return new TrainingItem(
        draw.reshape(Shape.of(shape.dim(1), shape.dim(2), shape.dim(3))),
        encoded.item().caption(),
        encoded.item().label());
  }
}
