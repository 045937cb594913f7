package dev.palimpsest.checkpoint;

import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** Diffusers folders with a few random tensors under real names: files to read, not to run. */
final class TinyFolders {
  private static final List<String> UNET =
      List.of(
          "conv_in.weight",
          "conv_in.bias",
          "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight",
          "mid_block.attentions.0.proj_in.weight");
  private static final List<String> VAE =
      List.of(
          "decoder.mid_block.attentions.0.group_norm.weight",
          "decoder.mid_block.attentions.0.to_q.weight",
          "decoder.mid_block.attentions.0.to_k.bias",
          "decoder.mid_block.attentions.0.to_v.weight",
          "decoder.mid_block.attentions.0.to_out.0.weight",
          "quant_conv.bias");
  private static final List<String> TEXT =
      List.of(
          "text_model.embeddings.token_embedding.weight",
          "text_model.encoder.layers.0.mlp.fc1.bias",
          "text_model.final_layer_norm.weight");

  private TinyFolders() {}

  static Path sd(Path dir) throws IOException {
    return save(dir, "StableDiffusionPipeline", List.of("text_encoder"));
  }

  static Path sdxl(Path dir) throws IOException {
    return save(dir, "StableDiffusionXLPipeline", List.of("text_encoder", "text_encoder_2"));
  }

  private static Path save(Path dir, String pipeline, List<String> encoders) throws IOException {
    List<Component> components = new ArrayList<>();
    Map<String, Object> index = new LinkedHashMap<>();
    index.put("_class_name", pipeline);
    index.put("safety_checker", java.util.Arrays.asList(null, null));
    components.add(network("unet", "UNet2DConditionModel", UNET));
    components.add(network("vae", "AutoencoderKL", VAE));
    components.add(Component.scheduler("PNDMScheduler", Config.of(Map.of("steps_offset", 1))));
    for (String encoder : encoders) {
      boolean second = encoder.endsWith("_2");
      components.add(
          network(encoder, second ? "CLIPTextModelWithProjection" : "CLIPTextModel", TEXT));
      index.put(encoder.replace("text_encoder", "tokenizer"), tokenizer());
    }
    Checkpoint.of(Config.of(index), components).save(dir);
    for (String encoder : encoders) {
      Path folder = dir.resolve(encoder.replace("text_encoder", "tokenizer"));
      Files.createDirectories(folder);
      Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\n");
      Files.writeString(folder.resolve("tokenizer_config.json"), "{\"model_max_length\": 77}");
      Files.writeString(folder.resolve("vocab.json"), "{}");
    }
    return dir;
  }

  private static List<String> tokenizer() {
    return List.of("transformers", "CLIPTokenizer");
  }

  private static Component network(String name, String className, List<String> tensors) {
    return Component.network(
        name, className, Config.of(Map.of("_class_name", className)), weights(tensors));
  }

  private static Weights weights(List<String> names) {
    var random = new SplittableRandom(names.size());
    Map<String, Tensor> tensors = new TreeMap<>();
    for (String name : names) {
      Shape shape = name.endsWith("weight") ? Shape.of(4, 4) : Shape.of(4);
      float[] values = new float[(int) shape.elements()];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextDouble() - 0.5f;
      }
      tensors.put(name, Tensor.of(shape, values));
    }
    return Weights.of(tensors);
  }
}
