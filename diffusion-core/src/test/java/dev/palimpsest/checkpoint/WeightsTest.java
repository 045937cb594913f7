package dev.palimpsest.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WeightsTest {
  @TempDir Path temp;

  private static Tensor tensor(float... values) {
    return Tensor.of(Shape.of(values.length), values);
  }

  @Test
  void layersStackAndDropExactly() {
    Weights base = Weights.of(Map.of("a", tensor(1), "b", tensor(2), "c", tensor(3)));
    WeightLayer first =
        WeightLayer.replacing("first", "unet", Map.of("a", tensor(10), "b", tensor(20)));
    WeightLayer second =
        WeightLayer.replacing("second", "unet", Map.of("b", tensor(200).as(DType.FLOAT16)));
    Weights both = base.with(first).with(second);
    assertArrayEquals(new float[] {10}, both.get("a").floats());
    assertArrayEquals(new float[] {200}, both.get("b").floats());
    assertArrayEquals(new float[] {3}, both.get("c").floats());
    assertEquals(DType.FLOAT16, both.dtype("b"));
    assertEquals("layer second", both.origin("b"));
    assertEquals("memory", both.origin("c"));
    assertEquals(List.of(first, second), both.layers());
    assertEquals("first (replaces 2 tensors of unet)", first.description());
    assertEquals(base.names(), both.names());
    assertEquals(List.of(), base.layers());
    assertArrayEquals(new float[] {2}, base.get("b").floats());
  }

  @Test
  void layersThatDoNotFitAreRefused() {
    Weights base = Weights.of(Map.of("a", tensor(1)));
    argumentError(
        "replaces x, which is not there",
        () -> base.with(WeightLayer.replacing("l", "unet", Map.of("x", tensor(1)))));
    argumentError(
        "replaces a of shape [1] by shape [2]",
        () -> base.with(WeightLayer.replacing("l", "unet", Map.of("a", tensor(1, 2)))));
    argumentError("replaces nothing", () -> WeightLayer.replacing("l", "unet", Map.of()));
    argumentError("no tensor x", () -> base.get("x"));
  }

  private static void argumentError(String message, Executable call) {
    String text = String.valueOf(assertThrows(IllegalArgumentException.class, call).getMessage());
    assertTrue(text.contains(message), text);
  }

  private Path sharded(String weightMap) throws Exception {
    Safetensors.write(temp.resolve("m-1.safetensors"), Map.of("a", tensor(1)), Map.of());
    Safetensors.write(temp.resolve("m-2.safetensors"), Map.of("b", tensor(2)), Map.of());
    return Files.writeString(
        temp.resolve("m.safetensors.index.json"), "{\"weight_map\":" + weightMap + "}");
  }

  private void refused(String message, Path index) {
    var e = assertThrows(CheckpointException.class, () -> Weights.read(index));
    assertTrue(String.valueOf(e.getMessage()).contains(message), String.valueOf(e.getMessage()));
  }

  @Test
  void readsShards() throws Exception {
    Weights weights =
        Weights.read(sharded("{\"a\":\"m-1.safetensors\",\"b\":\"m-2.safetensors\"}"));
    assertEquals(List.of("a", "b"), List.copyOf(weights.names()));
    assertArrayEquals(new float[] {2}, weights.get("b").floats());
    assertTrue(weights.origin("b").endsWith("m-2.safetensors"));
  }

  @Test
  void missingShard() throws Exception {
    refused(
        "shard m-3.safetensors is missing",
        sharded("{\"a\":\"m-1.safetensors\",\"b\":\"m-2.safetensors\",\"c\":\"m-3.safetensors\"}"));
  }

  @Test
  void listedTensorIsAbsent() throws Exception {
    refused(
        "tensor c is not in m-2.safetensors",
        sharded("{\"a\":\"m-1.safetensors\",\"b\":\"m-2.safetensors\",\"c\":\"m-2.safetensors\"}"));
  }

  @Test
  void tensorIsInTwoShards() throws Exception {
    Path index = sharded("{\"a\":\"m-1.safetensors\",\"b\":\"m-2.safetensors\"}");
    Safetensors.write(
        temp.resolve("m-2.safetensors"), Map.of("a", tensor(1), "b", tensor(2)), Map.of());
    refused("tensor a is in m-1.safetensors and m-2.safetensors", index);
  }

  @Test
  void tensorIsInAnotherShardThanListed() throws Exception {
    refused(
        "tensor a is in m-1.safetensors but the index says m-2.safetensors",
        sharded("{\"b\":\"m-1.safetensors\",\"a\":\"m-2.safetensors\"}"));
  }

  @Test
  void tensorIsNotListed() throws Exception {
    Path index = sharded("{\"a\":\"m-1.safetensors\",\"b\":\"m-2.safetensors\"}");
    Safetensors.write(
        temp.resolve("m-1.safetensors"), Map.of("a", tensor(1), "z", tensor(2)), Map.of());
    refused("tensor z is in m-1.safetensors but the index says nothing", index);
  }

  @ParameterizedTest
  @ValueSource(strings = {"../m-1.safetensors", "/etc/passwd", "m-1.bin", "a/m.safetensors"})
  void shardOutsideTheFolder(String shard) throws Exception {
    refused("tensor a is said to be in " + shard, sharded("{\"a\":\"" + shard + "\"}"));
  }

  @Test
  void indexWithoutMap() throws Exception {
    refused("no object weight_map", sharded("[]"));
    refused("tensor a is said to be in 1", sharded("{\"a\":1}"));
  }
}
