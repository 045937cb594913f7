package dev.palimpsest.checkpoint;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The text encoder's tensors as OpenCLIP names them, turned into those of transformers. OpenCLIP
 * keeps query, key and value projections in one tensor and the last projection transposed. Source:
 * transformers' OpenCLIP conversion.
 */
final class OpenClipNames {
  private static final Map<String, String> SINGLE =
      Map.of(
          "positional_embedding", "text_model.embeddings.position_embedding.weight",
          "token_embedding.weight", "text_model.embeddings.token_embedding.weight",
          "ln_final.weight", "text_model.final_layer_norm.weight",
          "ln_final.bias", "text_model.final_layer_norm.bias");

  private static final Map<String, String> LAYERS =
      Map.of(
          "ln_1", "layer_norm1",
          "ln_2", "layer_norm2",
          "mlp.c_fc", "mlp.fc1",
          "mlp.c_proj", "mlp.fc2",
          "attn.out_proj", "self_attn.out_proj");

  private static final Pattern BLOCK =
      Pattern.compile("transformer\\.resblocks\\.(\\d{1,3})\\.(.+)[._](weight|bias)");
  private static final List<String> PROJECTIONS = List.of("q_proj", "k_proj", "v_proj");
  private static final String TEXT_PROJECTION = "text_projection";

  private OpenClipNames() {}

  /** How many layers a checkpoint has that holds such an encoder under {@code prefix}. */
  static int layers(Iterable<String> names, String prefix) {
    int layers = 0;
    for (String name : names) {
      Matcher block = BLOCK.matcher(name.startsWith(prefix) ? name.substring(prefix.length()) : "");
      if (block.matches()) {
        layers = Math.max(layers, Integer.parseInt(block.group(1)) + 1);
      }
    }
    return layers;
  }

  /**
   * What a stored tensor is to transformers, by name; empty if it is unknown.
   *
   * @param stored the tensor's full name in the file
   * @param name its name in the encoder
   */
  static Map<String, RenamedWeights.Source> sources(String stored, String name, Shape shape) {
    String single = SINGLE.get(name);
    if (single != null) {
      return Map.of(single, new RenamedWeights.Source(stored, shape));
    }
    if (name.equals(TEXT_PROJECTION) && shape.rank() == 2) {
      var swapped = Shape.of(shape.dim(1), shape.dim(0));
      return Map.of(
          TEXT_PROJECTION + ".weight",
          new RenamedWeights.Source(stored, swapped, OpenClipNames::transposed));
    }
    Matcher block = BLOCK.matcher(name);
    if (!block.matches()) {
      return Map.of();
    }
    String layer = "text_model.encoder.layers." + block.group(1) + ".";
    if (block.group(2).equals("attn.in_proj")) {
      return thirds(stored, layer + "self_attn.", "." + block.group(3), shape);
    }
    String now = LAYERS.get(block.group(2));
    return now == null
        ? Map.of()
        : Map.of(layer + now + "." + block.group(3), new RenamedWeights.Source(stored, shape));
  }

  private static Map<String, RenamedWeights.Source> thirds(
      String stored, String attention, String end, Shape shape) {
    checkArgument(
        shape.rank() > 0 && shape.dim(0) % 3 == 0,
        "%s of shape %s does not hold three projections",
        stored,
        shape);
    int width = Math.toIntExact(shape.dim(0) / 3);
    Map<String, RenamedWeights.Source> parts = new TreeMap<>();
    for (int i = 0; i < 3; i++) {
      int from = i * width;
      parts.put(
          attention + PROJECTIONS.get(i) + end,
          new RenamedWeights.Source(
              stored, shape.withDim(0, width), tensor -> tensor.rows(from, from + width)));
    }
    return parts;
  }

  private static Tensor transposed(Tensor matrix) {
    int rows = Math.toIntExact(matrix.shape().dim(0));
    int columns = Math.toIntExact(matrix.shape().dim(1));
    float[] from = matrix.floats();
    float[] to = new float[from.length];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        to[column * rows + row] = from[row * columns + column];
      }
    }
    return Tensor.of(Shape.of(columns, rows), to).as(matrix.dtype());
  }
}
