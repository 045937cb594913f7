package dev.palimpsest.checkpoint;

import dev.palimpsest.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The configurations that a single-file checkpoint lacks: sizes are read from the tensors' shapes,
 * the rest is what all models of a family have. Source: diffusers' configurations of the published
 * Stable Diffusion 1.5, 2.1 and XL.
 */
final class SingleFileConfigs {
  private static final int HEADS_OF_1 = 8;
  private static final int HEAD_WIDTH = 64;

  private final SingleFileFamily family;

  SingleFileConfigs(SingleFileFamily family) {
    this.family = family;
  }

  /**
   * @param layers residual blocks in a block
   */
  Config unet(Weights unet, int layers) {
    int blocks = count(unet, "down_blocks.");
    List<Integer> widths = new ArrayList<>();
    List<String> down = new ArrayList<>();
    List<String> up = new ArrayList<>();
    List<Integer> depths = new ArrayList<>();
    int crossWidth = 0;
    for (int i = 0; i < blocks; i++) {
      String attention = "down_blocks." + i + ".attentions.0.transformer_blocks.";
      int depth = count(unet, attention);
      widths.add(dim(unet, "down_blocks." + i + ".resnets.0.conv1.weight", 0));
      down.add(depth > 0 ? "CrossAttnDownBlock2D" : "DownBlock2D");
      up.add(0, depth > 0 ? "CrossAttnUpBlock2D" : "UpBlock2D");
      depths.add(Math.max(1, depth));
      if (depth > 0) {
        crossWidth = dim(unet, attention + "0.attn2.to_k.weight", 1);
      }
    }
    depths.set(blocks - 1, count(unet, "mid_block.attentions.0.transformer_blocks."));
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("in_channels", dim(unet, "conv_in.weight", 1));
    fields.put("out_channels", dim(unet, "conv_out.weight", 0));
    fields.put("sample_size", family.sampleSize());
    fields.put("layers_per_block", layers);
    fields.put("block_out_channels", widths);
    fields.put("down_block_types", down);
    fields.put("up_block_types", up);
    fields.put("transformer_layers_per_block", depths);
    fields.put("cross_attention_dim", crossWidth);
    fields.put("attention_head_dim", heads(widths)); // in this field diffusers keeps their number
    Shape projection = unet.shape("mid_block.attentions.0.proj_in.weight");
    fields.put("use_linear_projection", projection.rank() == 2);
    if (unet.contains("add_embedding.linear_1.weight")) {
      int added = dim(unet, "add_embedding.linear_1.weight", 1);
      fields.put("addition_embed_type", "text_time");
      fields.put("addition_time_embed_dim", 256);
      fields.put("projection_class_embeddings_input_dim", added);
    }
    return Config.of(fields);
  }

  private List<Integer> heads(List<Integer> widths) {
    return family == SingleFileFamily.STABLE_DIFFUSION_1
        ? Collections.nCopies(widths.size(), HEADS_OF_1)
        : widths.stream().map(width -> Math.max(1, width / HEAD_WIDTH)).toList();
  }

  Config vae(Weights vae) {
    int blocks = count(vae, "encoder.down_blocks.");
    List<Integer> widths = new ArrayList<>();
    for (int i = 0; i < blocks; i++) {
      widths.add(dim(vae, "encoder.down_blocks." + i + ".resnets.0.conv1.weight", 0));
    }
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("in_channels", dim(vae, "encoder.conv_in.weight", 1));
    fields.put("out_channels", dim(vae, "decoder.conv_out.weight", 0));
    fields.put("latent_channels", dim(vae, "decoder.conv_in.weight", 1));
    fields.put("layers_per_block", count(vae, "encoder.down_blocks.0.resnets."));
    fields.put("block_out_channels", widths);
    fields.put("down_block_types", Collections.nCopies(blocks, "DownEncoderBlock2D"));
    fields.put("up_block_types", Collections.nCopies(blocks, "UpDecoderBlock2D"));
    fields.put("sample_size", family.sampleSize() << (blocks - 1));
    fields.put("scaling_factor", family.scalingFactor());
    return Config.of(fields);
  }

  Config text(Weights text, boolean openClip, String className) {
    String embedding = "text_model.embeddings.token_embedding.weight";
    int width = dim(text, embedding, 1);
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("architectures", List.of(className));
    fields.put("model_type", "clip_text_model");
    fields.put("vocab_size", dim(text, embedding, 0));
    fields.put("hidden_size", width);
    fields.put("intermediate_size", dim(text, "text_model.encoder.layers.0.mlp.fc1.weight", 0));
    fields.put("num_hidden_layers", count(text, "text_model.encoder.layers."));
    fields.put("num_attention_heads", Math.max(1, width / HEAD_WIDTH));
    fields.put(
        "max_position_embeddings", dim(text, "text_model.embeddings.position_embedding.weight", 0));
    fields.put("hidden_act", openClip ? "gelu" : "quick_gelu");
    fields.put("layer_norm_eps", 1e-5);
    fields.put("eos_token_id", 2); // the place of the largest id
    if (text.contains("text_projection.weight")) {
      fields.put("projection_dim", dim(text, "text_projection.weight", 0));
    }
    return Config.of(fields);
  }

  /**
   * @param prediction what the network predicts
   */
  Config scheduler(String prediction) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("num_train_timesteps", 1000);
    fields.put("beta_start", 0.00085);
    fields.put("beta_end", 0.012);
    fields.put("beta_schedule", "scaled_linear");
    fields.put("prediction_type", prediction);
    fields.put("timestep_spacing", "leading");
    fields.put("steps_offset", 1);
    if (family != SingleFileFamily.STABLE_DIFFUSION_XL) {
      fields.put("set_alpha_to_one", false);
      fields.put("skip_prk_steps", true); // of the multistep solver, which others do not read
    }
    return Config.of(fields);
  }

  String schedulerClass() {
    return switch (family) {
      case STABLE_DIFFUSION_1 -> "PNDMScheduler";
      case STABLE_DIFFUSION_2 -> "DDIMScheduler";
      case STABLE_DIFFUSION_XL -> "EulerDiscreteScheduler";
    };
  }

  /** How many elements the list has whose tensors begin so. */
  private static int count(Weights weights, String list) {
    int count = 0;
    while (true) {
      String element = list + count + ".";
      if (weights.names().stream().noneMatch(name -> name.startsWith(element))) {
        return count;
      }
      count++;
    }
  }

  private static int dim(Weights weights, String tensor, int axis) {
    return Math.toIntExact(weights.shape(tensor).dim(axis));
  }
}
