package dev.palimpsest;

import com.google.common.collect.ImmutableMap;
import com.google.common.io.MoreFiles;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.Tensor;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Reads textual-inversion embeddings in the layouts that diffusers, A1111 and kohya write. */
final class EmbeddingFile {
  /** Kohya's name for the vectors of each text encoder. */
  static final ImmutableMap<String, String> ENCODERS =
      ImmutableMap.of("clip_l", "text_encoder", "clip_g", "text_encoder_2");

  private static final String ONE_ENCODER = "emb_params";
  private static final Set<String> PICKLES = Set.of("pt", "bin", "pth", "ckpt");

  private EmbeddingFile() {}

  static TextualInversion read(Path path) throws CheckpointException {
    if (PICKLES.contains(MoreFiles.getFileExtension(path).toLowerCase(Locale.ROOT))) {
      throw new CheckpointException(
          path
              + ": is a pickle, which can run code when it is loaded, so none is read. Convert it"
              + " once, in Python: safetensors.torch.save_file({\"emb_params\":"
              + " torch.load(FILE)[\"string_to_param\"][\"*\"]}, OUT)");
    }
    Safetensors file = Safetensors.read(path);
    try {
      return read(file, MoreFiles.getNameWithoutExtension(path));
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(path + ": " + e.getMessage(), e);
    }
  }

  private static TextualInversion read(Safetensors file, String title) throws CheckpointException {
    Set<String> names = file.names();
    if (ENCODERS.keySet().equals(names)) {
      Map<String, Tensor> vectors = new TreeMap<>();
      ENCODERS.forEach((name, component) -> vectors.put(component, file.tensor(name)));
      return TextualInversion.of(title, vectors);
    }
    String name = names.stream().findFirst().orElse("");
    if (names.size() != 1 || ENCODERS.containsKey(name)) {
      throw new CheckpointException(
          String.format(
              "%s: no textual inversion; expected one tensor named as its word, %s, or %s, found %s",
              file.path(), ONE_ENCODER, ENCODERS.keySet(), names.stream().limit(5).toList()));
    }
    return TextualInversion.of(
        name.equals(ONE_ENCODER) ? title : name, Map.of("text_encoder", file.tensor(name)));
  }
}
