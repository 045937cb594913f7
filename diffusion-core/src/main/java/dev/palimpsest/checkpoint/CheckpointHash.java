package dev.palimpsest.checkpoint;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;

/** The digest that identifies a checkpoint by what it computes. */
final class CheckpointHash {
  private static final int CHUNK = 1 << 20;

  private final MessageDigest digest;

  private CheckpointHash(MessageDigest digest) {
    this.digest = digest;
  }

  /**
   * @param components in the order of their names
   */
  static String of(Collection<Component> components) {
    var hash = new CheckpointHash(sha256());
    for (Component component : components) {
      switch (component.kind()) {
        case NETWORK -> hash.tensors(component.name(), component.weights());
        case ONNX -> hash.files(component.name(), component.onnx());
        case SCHEDULER, TOKENIZER, SAFETY_CHECKER, IMAGE_PROCESSOR -> {}
      }
    }
    return HexFormat.of().formatHex(hash.digest.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  private void tensors(String component, Weights weights) {
    for (String name : weights.names()) {
      var tensor = weights.get(name);
      line(component + "/" + name + " " + tensor.dtype() + " " + tensor.shape());
      digest.update(tensor.bytes());
    }
  }

  /** The model and the files of external data beside it. */
  private void files(String component, Path model) {
    Path folder = model.resolveSibling("");
    try {
      for (String name : WeightFiles.fileNames(folder)) {
        if (!name.endsWith(".json")) {
          file(component + "/" + name, folder.resolve(name));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void file(String title, Path file) throws IOException {
    try (var channel = FileChannel.open(file)) {
      line(title + " " + channel.size());
      var chunk = ByteBuffer.allocate(CHUNK);
      while (channel.read(chunk.clear()) >= 0) {
        digest.update(chunk.flip());
      }
    }
  }

  private void line(String text) {
    digest.update((text + "\n").getBytes(UTF_8));
  }
}
