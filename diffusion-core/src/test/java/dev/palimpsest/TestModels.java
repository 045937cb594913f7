package dev.palimpsest;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.model.AutoencoderKL;
import dev.palimpsest.model.ClipTextModel;
import dev.palimpsest.model.UNet2DConditionModel;
import dev.palimpsest.model.UNet2DModel;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.tensor.TorchGenerator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Tiny models with random weights, for tests: they need no files, open in well under a second and
 * make meaningless but reproducible pictures.
 *
 * <pre>{@code
 * try (var pipeline = TestModels.tiny(7).open()) {
 *   GeneratedImage image = pipeline.generate(GenerationRequest.of("a cat").steps(2).seed(1)).first();
 * }
 * }</pre>
 */
public final class TestModels {
  private TestModels() {}

  /** A text-to-image model of Stable Diffusion's shape: 16 × 16 pixels, latents 4 × 8 × 8. */
  public static DiffusionPipeline.Builder tiny(long seed) {
    return DiffusionPipeline.builder(checkpoint(seed));
  }

  /**
   * A text-to-image model of Stable Diffusion XL's shape, with two text encoders, a pooled text and
   * size conditioning: 16 × 16 pixels, latents 4 × 8 × 8.
   */
  public static DiffusionPipeline.Builder tinyXl(long seed) {
    return DiffusionPipeline.builder(xlCheckpoint(seed));
  }

  /** An unconditional model on pixels: 3 × 8 × 8. */
  public static DiffusionPipeline.Builder tinyUnconditional(long seed) {
    return DiffusionPipeline.builder(unconditionalCheckpoint(seed));
  }

  /** The checkpoint of {@link #tiny}. */
  public static Checkpoint checkpoint(long seed) {
    return checkpoint(seed, 4);
  }

  /** The checkpoint of {@link #tiny} with other input channels, such as 9 for inpainting. */
  public static Checkpoint checkpoint(long seed, int inputChannels) {
    var generator = new TorchGenerator(seed);
    Config unet = unetConfig(inputChannels);
    Config vae = vaeConfig();
    Config text = textConfig();
    Map<String, Tensor> vaeWeights = vaeWeights(vae, generator);
    try {
      return Checkpoint.of(
          Config.of(
              Map.of("_class_name", "StableDiffusionPipeline", "requires_safety_checker", false)),
          List.of(
              network(
                  "unet",
                  "UNet2DConditionModel",
                  unet,
                  weights(UNet2DConditionModel.graph(unet), generator)),
              network("vae", "AutoencoderKL", vae, vaeWeights),
              network(
                  "text_encoder",
                  "CLIPTextModel",
                  text,
                  weights(ClipTextModel.graph(text), generator)),
              Component.tokenizer("tokenizer", TinyTokenizer.FOLDER),
              Component.scheduler("DDIMScheduler", schedulerConfig())));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The checkpoint of {@link #tinyXl}. */
  public static Checkpoint xlCheckpoint(long seed) {
    var generator = new TorchGenerator(seed);
    Config unet = xlUnetConfig();
    Config vae = vaeConfig();
    Config text = textConfig();
    Config text2 = secondTextConfig();
    Map<String, Tensor> vaeWeights = vaeWeights(vae, generator);
    try {
      return Checkpoint.of(
          Config.of(Map.of("_class_name", "StableDiffusionXLPipeline")),
          List.of(
              network(
                  "unet",
                  "UNet2DConditionModel",
                  unet,
                  weights(UNet2DConditionModel.graph(unet), generator)),
              network("vae", "AutoencoderKL", vae, vaeWeights),
              network(
                  "text_encoder",
                  "CLIPTextModel",
                  text,
                  weights(ClipTextModel.graph(text), generator)),
              network(
                  "text_encoder_2",
                  "CLIPTextModelWithProjection",
                  text2,
                  weights(ClipTextModel.graph(text2), generator)),
              Component.tokenizer("tokenizer", TinyTokenizer.FOLDER),
              Component.tokenizer("tokenizer_2", TinyTokenizer.FOLDER),
              Component.scheduler("EulerDiscreteScheduler", schedulerConfig())));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The checkpoint of {@link #tinyUnconditional}. */
  public static Checkpoint unconditionalCheckpoint(long seed) {
    return pixelCheckpoint(seed, Map.of(), Map.of("beta_schedule", "linear"));
  }

  /** Like {@link #unconditionalCheckpoint}, with a learned variance between β̃ and β. */
  public static Checkpoint learnedVarianceCheckpoint(long seed) {
    return pixelCheckpoint(
        seed,
        Map.of("out_channels", 6),
        Map.of("beta_schedule", "linear", "variance_type", "learned_range"));
  }

  /** Like {@link #unconditionalCheckpoint}, conditioned on class labels. */
  public static Checkpoint classConditionalCheckpoint(long seed, int classes) {
    return pixelCheckpoint(
        seed, Map.of("num_class_embeds", classes), Map.of("beta_schedule", "linear"));
  }

  private static Checkpoint pixelCheckpoint(
      long seed, Map<String, Object> more, Map<String, Object> scheduler) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("sample_size", 8);
    fields.put("in_channels", 3);
    fields.put("out_channels", 3);
    fields.put("layers_per_block", 1);
    fields.put("block_out_channels", List.of(8, 16));
    fields.put("down_block_types", List.of("DownBlock2D", "AttnDownBlock2D"));
    fields.put("up_block_types", List.of("AttnUpBlock2D", "UpBlock2D"));
    fields.put("norm_num_groups", 4);
    fields.putAll(more);
    Config unet = Config.of(fields);
    return Checkpoint.of(
        Config.of(Map.of("_class_name", "DDPMPipeline")),
        List.of(
            network(
                "unet",
                "UNet2DModel",
                unet,
                weights(UNet2DModel.graph(unet), new TorchGenerator(seed))),
            Component.scheduler("DDPMScheduler", Config.of(scheduler))));
  }

  private static Component network(
      String name, String className, Config config, Map<String, Tensor> weights) {
    return Component.network(name, className, config, Weights.of(weights));
  }

  private static Config unetConfig(int inputChannels) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("sample_size", 8);
    fields.put("in_channels", inputChannels);
    fields.put("out_channels", 4);
    fields.put("layers_per_block", 1);
    fields.put("block_out_channels", List.of(8, 16));
    fields.put("down_block_types", List.of("CrossAttnDownBlock2D", "DownBlock2D"));
    fields.put("up_block_types", List.of("UpBlock2D", "CrossAttnUpBlock2D"));
    fields.put("cross_attention_dim", 16);
    fields.put("attention_head_dim", 2);
    fields.put("norm_num_groups", 4);
    return Config.of(fields);
  }

  private static Config xlUnetConfig() {
    var fields = new LinkedHashMap<>(unetConfig(4).asMap());
    fields.put("down_block_types", List.of("DownBlock2D", "CrossAttnDownBlock2D"));
    fields.put("up_block_types", List.of("CrossAttnUpBlock2D", "UpBlock2D"));
    fields.put("transformer_layers_per_block", List.of(1, 2));
    fields.put("use_linear_projection", true);
    fields.put("cross_attention_dim", 16 + 24); // both encoders side by side
    fields.put("addition_embed_type", "text_time");
    fields.put("addition_time_embed_dim", 8);
    fields.put("projection_class_embeddings_input_dim", 6 * 8 + 12); // six sizes, pooled text
    return Config.of(fields);
  }

  private static Config vaeConfig() {
    return Config.of(
        Map.of(
            "block_out_channels", List.of(8, 8),
            "down_block_types", List.of("DownEncoderBlock2D", "DownEncoderBlock2D"),
            "up_block_types", List.of("UpDecoderBlock2D", "UpDecoderBlock2D"),
            "layers_per_block", 1,
            "latent_channels", 4,
            "norm_num_groups", 4,
            "sample_size", 16));
  }

  private static Config textConfig() {
    return Config.of(
        Map.of(
            "vocab_size", TinyTokenizer.SIZE,
            "hidden_size", 16,
            "intermediate_size", 32,
            "num_hidden_layers", 2,
            "num_attention_heads", 2,
            "max_position_embeddings", 77,
            "eos_token_id", TinyTokenizer.SIZE - 1));
  }

  private static Config secondTextConfig() {
    var fields = new LinkedHashMap<>(textConfig().asMap());
    fields.put("architectures", List.of("CLIPTextModelWithProjection"));
    fields.put("hidden_act", "gelu");
    fields.put("hidden_size", 24);
    fields.put("projection_dim", 12);
    return Config.of(fields);
  }

  private static Config schedulerConfig() {
    return Config.of(
        Map.of(
            "beta_schedule",
            "scaled_linear",
            "beta_start",
            0.00085,
            "beta_end",
            0.012,
            "clip_sample",
            false,
            "set_alpha_to_one",
            false,
            "steps_offset",
            1));
  }

  static Map<String, Tensor> vaeWeights(Config config, TorchGenerator generator) {
    Map<String, Tensor> both = weights(AutoencoderKL.encoderGraph(config), generator);
    both.putAll(weights(AutoencoderKL.decoderGraph(config), generator));
    return both;
  }

  /** Normal weights of variance 1 / fan-in; norms are 1 and biases 0. */
  static Map<String, Tensor> weights(Graph graph, TorchGenerator generator) {
    var weights = new TreeMap<String, Tensor>();
    graph.parameters().forEach((name, value) -> weights.put(name, value(value.shape(), name)));
    weights.replaceAll(
        (name, zeros) -> zeros.shape().rank() < 2 ? zeros : scaled(zeros.shape(), generator));
    return weights;
  }

  private static Tensor value(Shape shape, String name) {
    Tensor zeros = Tensor.zeros(shape);
    if (shape.rank() == 1 && name.endsWith("weight")) {
      java.util.Arrays.fill(zeros.floats(), 1);
    }
    return zeros;
  }

  private static Tensor scaled(Shape shape, TorchGenerator generator) {
    Tensor normal = generator.randn(shape);
    float[] values = normal.floats();
    float scale = (float) Math.sqrt((double) shape.dim(0) / shape.elements());
    for (int i = 0; i < values.length; i++) {
      values[i] *= scale;
    }
    return normal;
  }

  /** A tokenizer whose words are bytes, in a temporary folder that goes with the process. */
  private static final class TinyTokenizer {
    static final int SIZE = 514;
    static final Path FOLDER = write();

    private TinyTokenizer() {}

    private static Path write() {
      try {
        Path folder = Files.createTempDirectory("palimpsest-tokenizer");
        folder.toFile().deleteOnExit(); // the last registered goes first: its files before it
        var vocabulary = new StringBuilder("{");
        int id = 0;
        for (String end : List.of("", "</w>")) {
          for (int value = 0; value < 256; value++) {
            vocabulary.append('"').append(symbol(value)).append(end).append("\": ").append(id++);
            vocabulary.append(", ");
          }
        }
        vocabulary.append("\"<|startoftext|>\": 512, \"<|endoftext|>\": 513}");
        write(folder.resolve("vocab.json"), vocabulary.toString());
        write(folder.resolve("merges.txt"), "#version: 0.2\n");
        write(
            folder.resolve("tokenizer_config.json"),
            "{\"model_max_length\": 77, \"bos_token\": \"<|startoftext|>\", \"eos_token\":"
                + " \"<|endoftext|>\", \"unk_token\": \"<|endoftext|>\", \"pad_token\":"
                + " \"<|endoftext|>\"}");
        return folder;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static void write(Path file, String text) throws IOException {
      Files.writeString(file, text);
      file.toFile().deleteOnExit();
    }

    /** The character that stands for a byte in CLIP's vocabularies, as JSON. */
    private static String symbol(int value) {
      boolean printable =
          (33 <= value && value <= 126)
              || (161 <= value && value <= 172)
              || (174 <= value && value <= 255);
      int before = value <= 32 ? value : value <= 160 ? value - 94 : 67;
      return String.format("\\u%04x", printable ? value : 256 + before);
    }
  }
}
