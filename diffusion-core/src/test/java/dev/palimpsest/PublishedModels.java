package dev.palimpsest;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.PublishedFolders;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.model.ClipTextModel;
import dev.palimpsest.model.UNet2DConditionModel;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.tensor.TorchGenerator;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Replicas of published folders: their file names, their configurations' fields, their tensors'
 * names and count, but few channels and random weights. They open and generate.
 */
final class PublishedModels {
  private PublishedModels() {}

  /** As stable-diffusion-v1-5: PNDM, a safety checker, two variants. */
  static Path sd15(Path temp) throws IOException {
    return PublishedFolders.sd15(
        plain("sd15", "StableDiffusionPipeline", temp), temp.resolve("stable-diffusion-v1-5"));
  }

  /** As stable-diffusion-2-1: v-prediction, linear projections, heads by block. */
  static Path sd21(Path temp) throws IOException {
    return PublishedFolders.sd21(
        plain("sd21", "StableDiffusionPipeline", temp), temp.resolve("stable-diffusion-2-1"));
  }

  /** As stable-diffusion-xl-base-1.0: two text encoders and tokenizers. */
  static Path sdxl(Path temp) throws IOException {
    return PublishedFolders.sdxl(
        plain("sdxl", "StableDiffusionXLPipeline", temp), temp.resolve("sdxl-base-1.0"));
  }

  private static Path plain(String name, String pipeline, Path temp) throws IOException {
    Path configs = configs(name);
    var generator = new TorchGenerator(name.hashCode());
    Config unet = Config.read(configs.resolve("unet/config.json"));
    Config vae = Config.read(configs.resolve("vae/config.json"));
    List<Component> parts = new ArrayList<>();
    parts.add(
        Component.network(
            "unet",
            "UNet2DConditionModel",
            unet,
            Weights.of(TestModels.weights(UNet2DConditionModel.graph(unet), generator))));
    parts.add(
        Component.network(
            "vae", "AutoencoderKL", vae, Weights.of(TestModels.vaeWeights(vae, generator))));
    for (String suffix : pipeline.contains("XL") ? List.of("", "_2") : List.of("")) {
      parts.add(textEncoder(configs, "text_encoder" + suffix, generator));
      parts.add(tokenizer(configs, "tokenizer" + suffix, temp.resolve(name + "-parts")));
    }
    Config scheduler = Config.read(configs.resolve("scheduler/scheduler_config.json"));
    parts.add(Component.scheduler(scheduler.string("_class_name"), scheduler));
    Path dir = temp.resolve(name + "-plain");
    Checkpoint.of(Config.of(Map.of("_class_name", pipeline)), parts).save(dir);
    return dir;
  }

  private static Path configs(String name) {
    try {
      return Path.of(
          requireNonNull(PublishedModels.class.getResource("/published/" + name)).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Component textEncoder(Path configs, String name, TorchGenerator generator)
      throws IOException {
    Config config = Config.read(configs.resolve(name).resolve("config.json"));
    Map<String, Tensor> weights = TestModels.weights(ClipTextModel.graph(config), generator);
    return Component.network(
        name, config.strings("architectures").get(0), config, Weights.of(weights));
  }

  /** The published settings with the tiny models' words. */
  private static Component tokenizer(Path configs, String name, Path parts) throws IOException {
    Path words = TestModels.checkpoint(1).folder("tokenizer");
    Path folder = Files.createDirectories(parts.resolve(name));
    for (String file : List.of("vocab.json", "merges.txt")) {
      Files.copy(words.resolve(file), folder.resolve(file));
    }
    for (String file : List.of("tokenizer_config.json", "special_tokens_map.json")) {
      Files.copy(configs.resolve(name).resolve(file), folder.resolve(file));
    }
    return Component.tokenizer(name, folder);
  }
}
