package dev.palimpsest.esd;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.TestModels;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.checkpoint.WeightLayer;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class ErasureTest {
  private static final Checkpoint CHECKPOINT = TestModels.checkpoint(7);
  private static final Erasure KEYS = Erasures.noise(CHECKPOINT, "attn2.to_k.weight", 3);
  private static final String KEY = KEYS.tensors().firstKey();

  @TempDir Path temp;

  private static Tensor tensor(Erasure erasure) {
    return requireNonNull(erasure.tensors().get(KEY));
  }

  private static void refused(String message, Executable call) {
    var e = assertThrows(IllegalArgumentException.class, call);
    assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
  }

  private static void malformed(String message, Path file) {
    var e = assertThrows(CheckpointException.class, () -> Erasure.read(file));
    assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
  }

  private Path file(Map<String, Tensor> tensors, Map<String, String> metadata) throws Exception {
    Path file = temp.resolve("erasure.safetensors");
    Safetensors.write(file, tensors, metadata);
    return file;
  }

  @Test
  void aFileHoldsTheWholeErasure() throws Exception {
    Path file = temp.resolve("erasure.safetensors");
    Path again = temp.resolve("again.safetensors");
    KEYS.save(file);
    Erasure read = Erasure.read(file);
    assertEquals(KEYS.record(), read.record());
    assertEquals(KEYS.tensors().keySet(), read.tensors().keySet());
    assertArrayEquals(tensor(KEYS).floats(), tensor(read).floats());
    assertEquals(CHECKPOINT.with(KEYS).hash(), CHECKPOINT.with(read).hash());
    read.at(0.5).save(again);
    assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(again));
  }

  @Test
  void strengthIsBetweenWhatLiesBeneathAndTheErasure() {
    float[] base = CHECKPOINT.weights("unet").get(KEY).floats();
    float[] erased = tensor(KEYS).floats();
    float[] full = CHECKPOINT.with(KEYS.at(1)).weights("unet").get(KEY).floats();
    float[] half = CHECKPOINT.with(KEYS.at(0.5)).weights("unet").get(KEY).floats();
    assertArrayEquals(erased, full);
    for (int i = 0; i < half.length; i++) {
      assertEquals((float) (base[i] + 0.5 * ((double) erased[i] - base[i])), half[i]);
    }
    assertEquals(CHECKPOINT.hash(), CHECKPOINT.with(KEYS.at(0)).hash());
    for (double wrong : new double[] {-0.1, 1.1, Double.NaN}) {
      refused("strength must be from 0 to 1, was " + wrong, () -> KEYS.at(wrong));
    }
  }

  @Test
  void anotherBaseIsRefusedUnlessForced() {
    Checkpoint other = TestModels.checkpoint(8);
    refused(CHECKPOINT.hash(), () -> other.with(KEYS));
    refused(other.hash(), () -> other.with(KEYS.at(0)));
    assertArrayEquals(
        tensor(KEYS).floats(), other.with(KEYS.force()).weights("unet").get(KEY).floats());
    refused("which is not there", () -> TestModels.xlCheckpoint(7).with(missing().force()));
    refused("no tensor x", () -> TestModels.xlCheckpoint(7).with(missing().force().at(0.5)));
  }

  private static Erasure missing() {
    return Erasure.of(KEYS.record(), Map.of("x", Tensor.of(Shape.of(1), 1f)));
  }

  @Test
  void erasuresOfOtherTensorsStack() {
    Erasure values = Erasures.noise(CHECKPOINT, "attn2.to_v.weight", 4);
    Checkpoint both = CHECKPOINT.with(KEYS).with(values);
    assertEquals(both.hash(), CHECKPOINT.with(values).with(KEYS).hash());
    assertEquals(2, both.layers().size());
    assertEquals(CHECKPOINT.hash(), both.base().hash());
  }

  @Test
  void anErasureThatWouldUndoAnotherIsRefusedUnlessItWasMadeOnIt() {
    Erasure other = Erasures.noise(CHECKPOINT, "attn2.to_k.weight", 4);
    Checkpoint erased = CHECKPOINT.with(KEYS);
    refused("would undo the layer " + KEYS.description(), () -> erased.with(other));
    refused("would undo the layer", () -> erased.with(KEYS));
    Erasure onTop = Erasures.noise(erased, "attn2.to_k.weight", 4);
    assertEquals(CHECKPOINT.hash(), onTop.record().baseHash());
    assertEquals(
        erased.layers().stream().map(WeightLayer::description).toList(),
        onTop.record().layersBeneath());
    assertEquals(erased.with(onTop).hash(), erased.with(other.force()).hash());
    assertEquals(erased.with(onTop).hash(), CHECKPOINT.with(onTop).hash());
  }

  @Test
  void picturesTellTheErasure() throws Exception {
    Checkpoint erased = CHECKPOINT.with(KEYS.at(0.25));
    try (var pipeline = DiffusionPipeline.builder(erased).open()) {
      Path png = temp.resolve("a.png");
      pipeline.generate(GenerationRequest.of("a cat").steps(1).seed(1)).first().save(png);
      String bytes = Files.readString(png, java.nio.charset.StandardCharsets.ISO_8859_1);
      assertTrue(bytes.contains("by ESD_X, preserving"), "no layer in the picture's record");
      assertTrue(bytes.contains("at strength 0.25"), "no strength in the picture's record");
    }
  }

  @Test
  void aBakedErasureIsAnOrdinaryCheckpoint() throws Exception {
    Path dir = temp.resolve("baked");
    CHECKPOINT.with(KEYS).save(dir);
    Checkpoint baked = Checkpoint.read(dir);
    assertEquals(CHECKPOINT.with(KEYS).hash(), baked.hash());
    assertEquals(List.of(), baked.layers());
  }

  @Test
  void filesThatAreNoErasureAreRefused() throws Exception {
    String json = KEYS.record().json();
    Map<String, Tensor> tensors = new TreeMap<>(KEYS.tensors());
    malformed("no such file", temp.resolve("missing.safetensors"));
    malformed("not an erasure", file(tensors, Map.of("format", "pt")));
    malformed("an erasure without tensors", file(Map.of(), Map.of("palimpsest.erasure", json)));
    malformed("not a JSON object", file(tensors, Map.of("palimpsest.erasure", "[]")));
    malformed("null", file(tensors, Map.of("palimpsest.erasure", "null")));
    malformed("no field settings", file(tensors, Map.of("palimpsest.erasure", "{}")));
    malformed(
        "field concepts is 7",
        file(
            tensors,
            Map.of(
                "palimpsest.erasure",
                json.replaceFirst("\"concepts\":\\[.*?\\]", "\"concepts\":7"))));
    malformed(
        "at least one concept",
        file(
            tensors,
            Map.of(
                "palimpsest.erasure",
                json.replaceFirst("\"concepts\":\\[.*?\\]", "\"concepts\":[]"))));
    tensors.replace(KEY, tensor(KEYS).as(DType.FLOAT16));
    malformed(KEY + " is FLOAT16", file(tensors, Map.of("palimpsest.erasure", json)));
    Path file = temp.resolve("text.safetensors");
    Files.writeString(file, "no safetensors");
    malformed("text.safetensors", file);
  }

  @Test
  void anErasureOfNothingIsRefused() {
    refused("changes no tensor", () -> Erasure.of(KEYS.record(), Map.of()));
    refused("at least one concept", () -> ErasureRecord.of(CHECKPOINT, "UCE", List.of()));
    refused("needs the method", () -> ErasureRecord.of(CHECKPOINT, " ", List.of("a")));
  }
}
