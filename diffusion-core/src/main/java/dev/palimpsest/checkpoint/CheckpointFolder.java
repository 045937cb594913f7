package dev.palimpsest.checkpoint;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.file.AtomicFile;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Writes a checkpoint as a diffusers folder; the index comes last, so that half a folder shows. */
final class CheckpointFolder {
  private CheckpointFolder() {}

  static void write(Checkpoint checkpoint, Path dir) throws CheckpointException {
    try {
      Files.createDirectories(dir);
      try (var files = Files.newDirectoryStream(dir)) {
        if (files.iterator().hasNext()) {
          throw new CheckpointException(dir + ": is not empty; nothing was written");
        }
      }
      for (String name : checkpoint.components()) {
        component(checkpoint.component(name), dir.resolve(name));
      }
      AtomicFile.write(dir.resolve(Checkpoint.INDEX), Json.write(index(checkpoint)));
    } catch (CheckpointException e) {
      throw e;
    } catch (IOException e) {
      throw new CheckpointException(dir + ": cannot be written: " + e, e);
    }
  }

  private static Map<String, Object> index(Checkpoint checkpoint) {
    Map<String, Object> index = new LinkedHashMap<>(checkpoint.index().asMap());
    for (String name : checkpoint.components()) {
      Component component = checkpoint.component(name);
      String library = component.className().startsWith("CLIP") ? "transformers" : "diffusers";
      index.putIfAbsent(name, List.of(library, component.className()));
    }
    return index;
  }

  private static void component(Component component, Path folder) throws IOException {
    switch (component.kind()) {
      case NETWORK -> {
        config(component, folder);
        weights(component, folder);
      }
      case SCHEDULER -> config(component, folder);
      case ONNX, TOKENIZER, SAFETY_CHECKER, IMAGE_PROCESSOR -> {
        if (component.folder().isPresent()) {
          copy(component, folder);
        } else if (component.kind() == ComponentKind.TOKENIZER) {
          config(component, folder);
          ClipVocabulary.write(folder);
        }
      }
    }
  }

  private static void config(Component component, Path folder) throws IOException {
    Files.createDirectories(folder);
    AtomicFile.write(
        folder.resolve(Component.configName(component.kind())),
        Json.write(component.config().asMap()));
  }

  private static void weights(Component component, Path folder) throws CheckpointException {
    Weights weights = component.weights();
    Map<String, Tensor> tensors = new TreeMap<>();
    weights.names().forEach(name -> tensors.put(name, weights.get(name)));
    Map<String, String> metadata = new TreeMap<>(Map.of("format", "pt"));
    if (!weights.layers().isEmpty()) {
      metadata.put(
          "palimpsest.layers",
          weights.layers().stream()
              .map(WeightLayer::description)
              .collect(Collectors.joining("\n")));
    }
    String name = Component.baseName(component.className()) + ".safetensors";
    Safetensors.write(folder.resolve(name), tensors, metadata);
  }

  /** Copies the regular files; what links point to is copied, as hub caches are made of links. */
  private static void copy(Component component, Path to) throws IOException {
    Path from = component.folder().orElseThrow();
    // Beside an ONNX model, a .bin is its external data.
    boolean pickles = component.kind() != ComponentKind.ONNX;
    Files.createDirectories(to);
    for (String name : WeightFiles.fileNames(from)) {
      if (!(pickles && WeightFiles.isPickle(name))) {
        Files.copy(from.resolve(name), to.resolve(name));
      }
    }
  }
}
