package dev.palimpsest.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {
  private static final WeightLayer LAYER =
      WeightLayer.replacing(
          "erasure of \"x\"",
          "unet",
          Map.of("conv_in.bias", Tensor.of(Shape.of(4), 1f, 2f, 3f, 4f)));

  @TempDir Path temp;
  private Path dir = Path.of("");

  @BeforeEach
  void setUp() throws Exception {
    dir = TinyFolders.sd(temp.resolve("model"));
  }

  private String refusal() {
    var e = assertThrows(CheckpointException.class, () -> Checkpoint.read(dir));
    return String.valueOf(e.getMessage());
  }

  private void declare(String component, Object value) throws Exception {
    Map<String, Object> index = PublishedFolders.index(dir);
    index.put(component, value);
    PublishedFolders.index(dir, index);
  }

  @Test
  void layersStackWithoutTouchingTheOriginal() throws Exception {
    Checkpoint original = Checkpoint.read(dir);
    float[] before = original.weights("unet").get("conv_in.bias").floats();
    String hash = original.hash();
    Checkpoint changed = original.with(LAYER);
    assertArrayEquals(
        new float[] {1, 2, 3, 4}, changed.weights("unet").get("conv_in.bias").floats());
    assertEquals(List.of(LAYER), changed.layers());
    assertNotEquals(hash, changed.hash());
    assertArrayEquals(before, original.weights("unet").get("conv_in.bias").floats());
    assertEquals(List.of(), original.layers());
    assertEquals(hash, Checkpoint.read(dir).hash());
    assertTrue(changed.describe().endsWith("layer: erasure of \"x\" (replaces 1 tensors of unet)"));
  }

  @Test
  void savedLayersAreMaterialised() throws Exception {
    Checkpoint changed = Checkpoint.read(dir).with(LAYER);
    Path out = temp.resolve("out");
    changed.save(out);
    Checkpoint read = Checkpoint.read(out);
    assertEquals(changed.hash(), read.hash());
    assertEquals(changed.components(), read.components());
    assertEquals(List.of(), read.layers());
    assertEquals(
        Map.of("format", "pt", "palimpsest.layers", LAYER.description()),
        Safetensors.read(out.resolve("unet/diffusion_pytorch_model.safetensors")).metadata());
    assertArrayEquals(
        Files.readAllBytes(dir.resolve("tokenizer/merges.txt")),
        Files.readAllBytes(out.resolve("tokenizer/merges.txt")));
    var e = assertThrows(CheckpointException.class, () -> changed.save(out));
    assertTrue(String.valueOf(e.getMessage()).endsWith("is not empty; nothing was written"));
  }

  @Test
  void layerForAMissingComponentOrSchedulerIsRefused() throws Exception {
    Checkpoint checkpoint = Checkpoint.read(dir);
    Map<String, Tensor> tensors = Map.of("a", Tensor.scalar(1f));
    assertThrows(
        IllegalArgumentException.class,
        () -> checkpoint.with(WeightLayer.replacing("l", "prior", tensors)));
    assertThrows(
        IllegalStateException.class,
        () -> checkpoint.with(WeightLayer.replacing("l", "scheduler", tensors)));
  }

  @Test
  void countsParameters() throws Exception {
    Checkpoint checkpoint = Checkpoint.read(dir);
    assertEquals(3 * 16 + 4, checkpoint.component("unet").parameters());
    assertEquals(4 * (3 * 16 + 4), checkpoint.component("unet").bytes());
    assertEquals(List.of("FLOAT32"), checkpoint.component("unet").dtypes());
    assertEquals(52 + 4 * 16 + 8 + 2 * 16 + 4, checkpoint.parameters());
  }

  @Test
  void hashIsOneForAllThreads() throws Exception {
    Checkpoint checkpoint = Checkpoint.read(dir);
    List<Callable<String>> calls = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      calls.add(checkpoint::hash);
    }
    var executor = Executors.newFixedThreadPool(8);
    Set<String> hashes = new HashSet<>();
    for (var future : executor.invokeAll(calls)) {
      hashes.add(future.get());
    }
    executor.shutdown();
    assertEquals(Set.of(Checkpoint.read(dir).hash()), hashes);
    assertTrue(hashes.iterator().next().matches("[0-9a-f]{64}"));
  }

  @Test
  void onnxFolder() throws Exception {
    for (String name : List.of("unet", "vae_decoder")) {
      Files.createDirectories(dir.resolve(name));
      Files.write(dir.resolve(name).resolve("model.onnx"), new byte[] {1});
      declare(name, List.of("diffusers", "OnnxRuntimeModel"));
    }
    Checkpoint checkpoint = Checkpoint.read(dir);
    assertEquals(ComponentKind.ONNX, checkpoint.component("unet").kind());
    assertEquals(dir.resolve("unet/model.onnx"), checkpoint.component("unet").onnx());
    assertTrue(checkpoint.config("unet").has("_class_name"));
    assertTrue(checkpoint.config("vae_decoder").asMap().isEmpty());
    String hash = checkpoint.hash();
    Files.write(dir.resolve("unet/model.onnx"), new byte[] {2});
    assertNotEquals(hash, Checkpoint.read(dir).hash());
    assertThrows(IllegalStateException.class, () -> checkpoint.weights("unet"));
    Files.delete(dir.resolve("vae_decoder/model.onnx"));
    assertTrue(refusal().contains("no model.onnx"));
  }

  @ParameterizedTest
  @CsvSource({
    "controlnet,ControlNetModel",
    "image_encoder,CLIPVisionModelWithProjection",
    "text_encoder_3,T5EncoderModel",
    "transformer,SD3Transformer2DModel",
    "transformer,FluxTransformer2DModel",
    "vqvae,VQModel",
    "vae,AutoencoderTiny"
  })
  void unsupportedClassesAreRefusedByName(String component, String className) throws Exception {
    declare(component, List.of("diffusers", className));
    var e = assertThrows(UnsupportedModelException.class, () -> Checkpoint.read(dir));
    String message = String.valueOf(e.getMessage());
    assertTrue(
        message.contains("component " + component + ": class " + className + " is not supported")
            && message.contains("UNet2DConditionModel"),
        message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"../unet", "a/b", ""})
  void componentNamesAreNoPaths(String name) throws Exception {
    declare(name, List.of("diffusers", "UNet2DConditionModel"));
    assertTrue(refusal().contains("component " + name + " is [diffusers"), refusal());
  }

  @Test
  void malformedComponents() throws Exception {
    declare("unet", List.of("diffusers"));
    assertTrue(refusal().contains("component unet is [diffusers], expected [library, class]"));
    declare("unet", java.util.Arrays.asList("diffusers", null));
    assertTrue(refusal().contains("component unet is [diffusers, null]"));
  }

  @Test
  void missingComponentFolder() throws Exception {
    Files.move(dir.resolve("vae"), dir.resolve("elsewhere"));
    assertTrue(refusal().contains("the folder of component vae is missing"));
  }

  @Test
  void missingConfig() throws Exception {
    Files.delete(dir.resolve("unet/config.json"));
    assertTrue(refusal().endsWith("config.json: no such file"));
  }

  @Test
  void missingWeights() throws Exception {
    Files.delete(dir.resolve("unet/diffusion_pytorch_model.safetensors"));
    assertTrue(
        refusal()
            .endsWith("no diffusion_pytorch_model.safetensors; the folder holds [config.json]"));
  }

  @Test
  void missingShard() throws Exception {
    Files.delete(dir.resolve("unet/diffusion_pytorch_model.safetensors"));
    Files.writeString(
        dir.resolve("unet/diffusion_pytorch_model.safetensors.index.json"),
        "{\"weight_map\":{\"a\":\"diffusion_pytorch_model-00001-of-00001.safetensors\"}}");
    assertTrue(refusal().contains("-00001-of-00001.safetensors is missing"), refusal());
  }

  @Test
  void truncatedWeights() throws Exception {
    Path file = dir.resolve("unet/diffusion_pytorch_model.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length - 1));
    assertTrue(refusal().contains("(truncated)"), refusal());
  }

  @Test
  void notAModelFolder() throws Exception {
    dir = temp.resolve("nowhere");
    assertTrue(refusal().endsWith("nowhere: no such folder"));
    dir = temp;
    assertTrue(refusal().contains("no model_index.json; the folder holds []"));
    dir = Files.createFile(temp.resolve("model.onnx"));
    assertTrue(refusal().contains("is a file; a diffusers folder"));
  }

  @Test
  void unknownComponentListsTheKnown() throws Exception {
    Checkpoint checkpoint = Checkpoint.read(dir);
    var e = assertThrows(IllegalArgumentException.class, () -> checkpoint.weights("prior"));
    assertTrue(
        String.valueOf(e.getMessage())
            .endsWith("there are [scheduler, text_encoder, tokenizer, unet, vae]"));
  }
}
