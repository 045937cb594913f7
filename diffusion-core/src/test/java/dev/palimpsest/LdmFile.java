package dev.palimpsest;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * A checkpoint's tensors under the names of the original code: the way back of reading a single
 * file, written on its own for tests.
 */
final class LdmFile {
  private static final List<String[]> INNER =
      List.of(
          new String[] {"norm1", "in_layers.0"},
          new String[] {"conv1", "in_layers.2"},
          new String[] {"time_emb_proj", "emb_layers.1"},
          new String[] {"norm2", "out_layers.0"},
          new String[] {"conv2", "out_layers.3"},
          new String[] {"conv_shortcut", "skip_connection"});

  private static final List<String[]> OUTER =
      List.of(
          new String[] {"time_embedding.linear_1", "time_embed.0"},
          new String[] {"time_embedding.linear_2", "time_embed.2"},
          new String[] {"add_embedding.linear_1", "label_emb.0.0"},
          new String[] {"add_embedding.linear_2", "label_emb.0.2"},
          new String[] {"conv_in", "input_blocks.0.0"},
          new String[] {"conv_norm_out", "out.0"},
          new String[] {"conv_out", "out.2"});

  private final Checkpoint checkpoint;
  private final int layers;
  private final Map<String, Tensor> tensors = new TreeMap<>();

  private LdmFile(Checkpoint checkpoint) {
    this.checkpoint = checkpoint;
    this.layers = checkpoint.config("unet").integer("layers_per_block");
  }

  /**
   * @param openClip which text encoders to write as OpenCLIP does, by the prefix they get
   * @param plain which to write as transformers does
   */
  static Map<String, Tensor> of(
      Checkpoint checkpoint, Map<String, String> openClip, Map<String, String> plain) {
    var file = new LdmFile(checkpoint);
    file.all("unet", "model.diffusion_model.", file::unet);
    file.all("vae", "first_stage_model.", file::vae);
    plain.forEach((component, prefix) -> file.all(component, prefix, name -> name));
    openClip.forEach(file::openClip);
    return file.tensors;
  }

  private interface Names {
    String of(String name);
  }

  private void all(String component, String prefix, Names names) {
    Weights weights = checkpoint.weights(component);
    for (String name : weights.names()) {
      Tensor tensor = weights.get(name);
      boolean attention = component.equals("vae") && name.contains("attentions");
      boolean matrix = attention && tensor.shape().rank() == 2;
      long[] dims = tensor.shape().toArray();
      tensors.put(
          prefix + names.of(name),
          matrix ? tensor.reshape(Shape.of(dims[0], dims[1], 1, 1)) : tensor);
    }
  }

  private String unet(String name) {
    for (String[] pair : OUTER) {
      if (name.startsWith(pair[0] + ".")) {
        return pair[1] + name.substring(pair[0].length());
      }
    }
    return inner(
        replaced(
            replaced(
                replaced(name, "mid_block\\.resnets\\.(\\d)", m -> "middle_block." + 2 * at(m, 1)),
                "mid_block\\.attentions\\.0",
                m -> "middle_block.1"),
            "(down|up)_blocks\\.(\\d+)\\.(resnets|attentions|downsamplers|upsamplers)\\.(\\d+)(\\.conv(?=\\.))?",
            this::block));
  }

  private String block(MatchResult m) {
    boolean down = m.group(1).equals("down");
    int first = at(m, 2) * (layers + 1);
    String tail = m.group(5) == null ? "" : m.group(5);
    return switch (m.group(3)) {
      case "downsamplers" -> "input_blocks." + (first + layers + 1) + ".0.op";
      case "upsamplers" ->
          "output_blocks." + (first + layers) + "." + (attends(at(m, 2)) ? 2 : 1) + ".conv";
      default -> {
        String kind = m.group(3).equals("resnets") ? "0" : "1";
        int index = first + at(m, 4) + (down ? 1 : 0);
        yield (down ? "input" : "output") + "_blocks." + index + "." + kind + tail;
      }
    };
  }

  private boolean attends(int upBlock) {
    return checkpoint.config("unet").strings("up_block_types").get(upBlock).startsWith("Cross");
  }

  private static String inner(String name) {
    if (name.contains("transformer_blocks")) {
      return name;
    }
    String inner = name;
    for (String[] pair : INNER) {
      inner = inner.replaceFirst("\\b" + pair[0] + "\\.(weight|bias)$", pair[1] + ".$1");
    }
    return inner;
  }

  private String vae(String name) {
    int blocks = checkpoint.config("vae").integers("block_out_channels").size();
    String half =
        name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut");
    half = replaced(half, "down_blocks\\.(\\d)\\.resnets", m -> "down." + m.group(1) + ".block");
    half =
        replaced(
            half, "up_blocks\\.(\\d)\\.resnets", m -> "up." + (blocks - 1 - at(m, 1)) + ".block");
    half =
        replaced(
            half,
            "down_blocks\\.(\\d)\\.downsamplers\\.0",
            m -> "down." + m.group(1) + ".downsample");
    half =
        replaced(
            half,
            "up_blocks\\.(\\d)\\.upsamplers\\.0",
            m -> "up." + (blocks - 1 - at(m, 1)) + ".upsample");
    half = replaced(half, "mid_block\\.resnets\\.(\\d)", m -> "mid.block_" + (at(m, 1) + 1));
    return half.replace("mid_block.attentions.0", "mid.attn_1")
        .replace("group_norm", "norm")
        .replace("to_out.0", "proj_out")
        .replaceFirst("\\.to_([qkv])\\.", ".$1.");
  }

  private void openClip(String component, String prefix) {
    Weights weights = checkpoint.weights(component);
    for (String name : weights.names()) {
      Tensor tensor = weights.get(name);
      if (name.equals("text_projection.weight")) {
        tensors.put(prefix + "text_projection", transposed(tensor));
      } else if (name.contains("q_proj")) {
        tensors.put(
            prefix + clip(name.replaceFirst("q_proj\\.", "in_proj_")),
            Tensor.concat(
                List.of(
                    tensor,
                    weights.get(name.replace("q_proj", "k_proj")),
                    weights.get(name.replace("q_proj", "v_proj")))));
      } else if (!name.contains("k_proj") && !name.contains("v_proj")) {
        tensors.put(prefix + clip(name), tensor);
      }
    }
    tensors.put(prefix + "logit_scale", Tensor.scalar(4.6f));
  }

  private static String clip(String name) {
    return name.replace("text_model.embeddings.position_embedding.weight", "positional_embedding")
        .replace("text_model.embeddings.token_embedding", "token_embedding")
        .replace("text_model.final_layer_norm", "ln_final")
        .replace("text_model.encoder.layers.", "transformer.resblocks.")
        .replace("layer_norm", "ln_")
        .replace("mlp.fc1", "mlp.c_fc")
        .replace("mlp.fc2", "mlp.c_proj")
        .replace("self_attn", "attn");
  }

  private static Tensor transposed(Tensor matrix) {
    int rows = (int) matrix.shape().dim(0);
    int columns = (int) matrix.shape().dim(1);
    float[] from = matrix.floats();
    float[] to = new float[from.length];
    for (int i = 0; i < to.length; i++) {
      to[i] = from[i % rows * columns + i / rows];
    }
    return Tensor.of(Shape.of(columns, rows), to);
  }

  private interface Replacement {
    String of(MatchResult match);
  }

  private static String replaced(String name, String pattern, Replacement replacement) {
    return Pattern.compile(pattern).matcher(name).replaceAll(replacement::of);
  }

  private static int at(MatchResult match, int group) {
    return Integer.parseInt(match.group(group));
  }
}
