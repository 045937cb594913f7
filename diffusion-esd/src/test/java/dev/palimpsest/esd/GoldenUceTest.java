package dev.palimpsest.esd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.palimpsest.TestModels;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * The numbers of unified-concept-editing 28c81ed (trainscripts/uce_sd_erase.py) on torch 2.15, in
 * {@code uce/expected.safetensors}; the texts are encoded here.
 */
class GoldenUceTest {
  /** The reference's embeddings are float32 of another library; matrices agree far better. */
  private static final double TOLERANCE = 2e-6;

  @Test
  void oneArtistReadAsArt() throws Exception {
    check("single", builder().replace("Van Gogh", "art"));
  }

  @Test
  void twoConceptsBesideThreeThatArePreserved() throws Exception {
    check(
        "preserve",
        builder().replace("Van Gogh", "art").erase("nudity").preserve("Monet", "a cat", "a dog"));
  }

  @Test
  void allTokensFromTheLastOn() throws Exception {
    check(
        "all_tokens",
        builder()
            .replace("Van Gogh", "a painting")
            .preserve("Picasso")
            .preserveWeight(0.1)
            .lambda(0.1)
            .tokens(EditedTokens.FROM_LAST_SUBJECT));
  }

  private static UnifiedConceptEditing.Builder builder() throws Exception {
    Checkpoint golden = Checkpoint.read(folder());
    var components = new ArrayList<Component>();
    golden.components().forEach(name -> components.add(golden.component(name)));
    components.add(TestModels.checkpoint(1).component("vae"));
    return UnifiedConceptEditing.builder(Checkpoint.of(golden.index(), components));
  }

  private static Path folder() throws Exception {
    return Path.of(Objects.requireNonNull(GoldenUceTest.class.getResource("uce")).toURI());
  }

  private static void check(String name, UnifiedConceptEditing.Builder edit) throws Exception {
    Safetensors expected = Safetensors.read(folder().resolve("expected.safetensors"));
    Map<String, Tensor> edited = edit.edit().tensors();
    assertEquals(8, edited.size());
    for (Map.Entry<String, Tensor> tensor : edited.entrySet()) {
      float[] want = expected.tensor(name + "/out/weight/" + tensor.getKey()).floats();
      float[] have = tensor.getValue().floats();
      assertEquals(want.length, have.length);
      for (int i = 0; i < want.length; i++) {
        assertEquals(want[i], have[i], TOLERANCE, name + ": " + tensor.getKey());
      }
    }
  }
}
