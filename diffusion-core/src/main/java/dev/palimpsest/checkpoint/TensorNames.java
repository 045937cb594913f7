package dev.palimpsest.checkpoint;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.Shape;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What published files call tensors, turned into the names of today. Source: diffusers
 * modeling_utils (deprecated attention blocks), transformers CLIPTextModel.
 */
final class TensorNames {
  private static final Set<String> CONVOLUTIONAL =
      Set.of("AutoencoderKL", "UNet2DModel", "UNet2DConditionModel");
  private static final Set<String> TEXT = Set.of("CLIPTextModel", "CLIPTextModelWithProjection");

  private record Rule(Set<String> classes, Pattern old, String replacement) {}

  private static final List<Rule> RULES =
      List.of(
          attention("query", "to_q"),
          attention("key", "to_k"),
          attention("value", "to_v"),
          attention("proj_attn", "to_out.0"),
          // transformers 5 saves a text encoder without the prefix.
          new Rule(
              TEXT,
              Pattern.compile("(embeddings|encoder|final_layer_norm)\\.(.+)"),
              "text_model.$1.$2"));

  /** Indices that older transformers stored with the weights; they carry no information. */
  private static final Set<String> BUFFERS =
      Set.of("text_model.embeddings.position_ids", "embeddings.position_ids");

  /** Projections that very old autoencoders store as 1×1 convolutions. */
  private static final Pattern LINEAR =
      Pattern.compile(".*attentions\\.\\d+\\.to_(q|k|v|out\\.0)\\.weight");

  private TensorNames() {}

  private static Rule attention(String old, String now) {
    return new Rule(
        CONVOLUTIONAL,
        Pattern.compile("(.*attentions\\.\\d+)\\." + old + "\\.(weight|bias)"),
        "$1." + now + ".$2");
  }

  /** Whether the tensor is a buffer that no network needs. */
  static boolean isBuffer(String name) {
    return BUFFERS.contains(name);
  }

  /**
   * A view of a component's weights under today's names and shapes, without known buffers.
   *
   * @throws CheckpointException if two tensors would bear one name
   */
  static Weights today(String className, Weights stored) throws CheckpointException {
    Map<String, RenamedWeights.Source> sources = new TreeMap<>();
    for (String name : stored.names()) {
      if (isBuffer(name)) {
        continue;
      }
      String now = today(className, name);
      var source = new RenamedWeights.Source(name, shape(className, now, stored.shape(name)));
      RenamedWeights.Source other = sources.put(now, source);
      if (other != null) {
        throw new CheckpointException(
            String.format(
                "%s: tensors %s and %s are both %s", stored.origin(name), other.name(), name, now));
      }
    }
    return new RenamedWeights(stored, sources);
  }

  private static String today(String className, String name) {
    for (Rule rule : RULES) {
      var matcher = rule.old.matcher(name);
      if (rule.classes.contains(className) && matcher.matches()) {
        return matcher.replaceFirst(rule.replacement);
      }
    }
    return name;
  }

  private static Shape shape(String className, String name, Shape stored) {
    boolean pointwise = stored.rank() == 4 && stored.dim(2) == 1 && stored.dim(3) == 1;
    return pointwise && className.equals("AutoencoderKL") && LINEAR.matcher(name).matches()
        ? Shape.of(stored.dim(0), stored.dim(1))
        : stored;
  }
}
