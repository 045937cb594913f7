package dev.palimpsest.esd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.TestModels;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnifiedConceptEditingTest {
  private static final double TINY = 1e-6;

  private static UnifiedConceptEditing.Builder builder() {
    return UnifiedConceptEditing.builder(TestModels.checkpoint(1));
  }

  @Test
  void anErasedConceptIsReadAsTheEmptyPrompt() throws Exception {
    reads(TestModels.checkpoint(1), "a", Map.of("", 1.0), 0, builder().erase("a").lambda(TINY));
  }

  @Test
  void bothEncodersOfXlAreReadSideBySide() throws Exception {
    Checkpoint xl = TestModels.xlCheckpoint(1);
    var edit = UnifiedConceptEditing.builder(xl).replace("a b", "c").preserve("b").lambda(TINY);
    reads(xl, "a b", Map.of("c", 1.0), 0, edit);
    reads(xl, "b", Map.of(), 1, edit);
  }

  @Test
  void aDebiasedConceptIsReadAsItselfAndSharesOfOthers() throws Exception {
    Map<String, Double> shares = Map.of("b", 0.5, "c", -0.25);
    reads(TestModels.checkpoint(1), "a", shares, 1, builder().debias("a", shares).lambda(TINY));
  }

  /** The edited matrices give for a concept what the old ones give for its target. */
  private static void reads(
      Checkpoint checkpoint,
      String concept,
      Map<String, Double> others,
      double own,
      UnifiedConceptEditing.Builder edit)
      throws Exception {
    try (ConceptTexts texts = ConceptTexts.open(checkpoint, Device.cpu(1))) {
      float[] c = last(texts, concept);
      double[] target = new double[c.length];
      for (int i = 0; i < c.length; i++) {
        target[i] = own * c[i];
      }
      others.forEach(
          (text, share) -> {
            float[] values = last(texts, text);
            for (int i = 0; i < c.length; i++) {
              target[i] += share * values[i];
            }
          });
      Map<String, Tensor> edited = edit.edit().tensors();
      assertTrue(edited.keySet().stream().anyMatch(name -> name.endsWith("attn2.to_v.weight")));
      edited.forEach((name, w) -> reads(w, c, checkpoint.weights("unet").get(name), target));
    }
  }

  private static void reads(Tensor edited, float[] c, Tensor old, double[] target) {
    for (int row = 0; row < old.shape().dim(0); row++) {
      double want = 0;
      double have = 0;
      for (int i = 0; i < c.length; i++) {
        want += old.floats()[row * c.length + i] * target[i];
        have += (double) edited.floats()[row * c.length + i] * c[i];
      }
      assertEquals(want, have, 1e-4);
    }
  }

  private static float[] last(ConceptTexts texts, String text) {
    return texts.embed(text).from(1).floats();
  }

  @Test
  void theRecordSaysWhatWasChangedAndHow() throws Exception {
    Checkpoint checkpoint = TestModels.checkpoint(1);
    Erasure edit =
        builder().erase("a").debias("b", Map.of("c", 0.5)).preserve("d").lambda(0.25).edit();
    assertEquals("UCE", edit.record().method());
    assertEquals(List.of("a", "b"), edit.record().concepts());
    assertEquals(List.of("d"), edit.record().preserved());
    assertEquals("0.25", edit.record().settings().get("lambda"));
    assertEquals("\"\"", edit.record().settings().get("target of a"));
    assertEquals("itself + 0.5 \"c\"", edit.record().settings().get("target of b"));
    assertEquals(1, checkpoint.with(edit).layers().size());
  }

  @Test
  void whatIsEditedIsWhatLayersBeneathMade() throws Exception {
    Checkpoint checkpoint = TestModels.checkpoint(1);
    Checkpoint below = checkpoint.with(builder().erase("a").edit());
    Erasure above = UnifiedConceptEditing.builder(below).erase("b").lambda(TINY).edit();
    assertEquals(2, below.with(above).layers().size());
    reads(
        below,
        "b",
        Map.of("", 1.0),
        0,
        UnifiedConceptEditing.builder(below).erase("b").lambda(TINY));
  }

  @Test
  void conceptsThatContradictEachOtherAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> builder().erase("a").preserve(" A "));
    assertThrows(IllegalArgumentException.class, () -> builder().preserve("a b").erase("a  b"));
    assertThrows(IllegalArgumentException.class, () -> builder().replace("a", "A"));
    assertThrows(IllegalArgumentException.class, () -> builder().erase("a").replace("a", "b"));
  }

  @Test
  void emptyConceptsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> builder().erase(" "));
    assertThrows(IllegalArgumentException.class, () -> builder().preserve(""));
    assertThrows(IllegalArgumentException.class, () -> builder().debias("a", Map.of()));
  }

  @Test
  void nothingToChangeIsRefused() {
    assertThrows(IllegalStateException.class, () -> builder().edit());
    assertThrows(IllegalStateException.class, () -> builder().preserve("a").edit());
  }

  @Test
  void weightsThatMakeNoSenseAreRefused() {
    for (double bad : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(IllegalArgumentException.class, () -> builder().eraseWeight(bad));
      assertThrows(IllegalArgumentException.class, () -> builder().preserveWeight(bad));
      assertThrows(IllegalArgumentException.class, () -> builder().lambda(bad));
    }
    assertThrows(IllegalArgumentException.class, () -> builder().eraseWeight(0));
    Map<String, Double> nan = Map.of("b", Double.NaN);
    assertThrows(IllegalArgumentException.class, () -> builder().debias("a", nan));
  }

  @Test
  void aModelWithoutPromptsIsRefused() {
    var edit = UnifiedConceptEditing.builder(TestModels.unconditionalCheckpoint(1)).erase("a");
    var e = assertThrows(UnsupportedModelException.class, edit::edit);
    assertTrue(String.valueOf(e.getMessage()).contains("text-to-image"), e::toString);
  }

  @Test
  void anOnnxExportIsRefused(@TempDir Path folder) throws Exception {
    Files.writeString(
        folder.resolve("model_index.json"),
        """
        {"_class_name": "OnnxStableDiffusionPipeline", "unet": ["diffusers", "OnnxRuntimeModel"]}
        """);
    Files.createFile(Files.createDirectory(folder.resolve("unet")).resolve("model.onnx"));
    var edit = UnifiedConceptEditing.builder(Checkpoint.read(folder)).erase("a");
    var e = assertThrows(UnsupportedModelException.class, edit::edit);
    assertTrue(String.valueOf(e.getMessage()).contains("safetensors"), e::toString);
  }
}
