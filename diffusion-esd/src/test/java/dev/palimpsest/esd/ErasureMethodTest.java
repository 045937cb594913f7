package dev.palimpsest.esd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.TestModels;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class ErasureMethodTest {
  private static final Weights UNET = TestModels.checkpoint(7).weights("unet");

  private static Set<String> names(ErasureMethod method, ParameterRule rule) {
    return method.parameters(UNET, rule);
  }

  @Test
  void crossAttentionAndTheRestAreAll() {
    Set<String> cross = names(ErasureMethod.ESD_X, ParameterRule.SD);
    Set<String> rest = names(ErasureMethod.ESD_U, ParameterRule.SD);
    var both = new TreeSet<String>(cross);
    both.addAll(rest);
    assertEquals(names(ErasureMethod.ESD_ALL, ParameterRule.SD), both);
    assertEquals(both.size(), cross.size() + rest.size());
    assertTrue(cross.containsAll(names(ErasureMethod.ESD_X_STRICT, ParameterRule.SD)));
    assertTrue(cross.stream().allMatch(name -> name.contains(".attn2.")));
    assertTrue(rest.containsAll(Set.of("conv_in.bias", "time_embedding.linear_1.weight")));
    assertFalse(rest.contains("conv_norm_out.weight"));
  }

  @Test
  void strictTrainsKeysAndValues() {
    for (String name : names(ErasureMethod.ESD_X_STRICT, ParameterRule.SD)) {
      assertTrue(name.endsWith("attn2.to_k.weight") || name.endsWith("attn2.to_v.weight"), name);
    }
  }

  @Test
  void largerModelsKeepWhatEmbedsTimesteps() {
    for (ErasureMethod method : ErasureMethod.values()) {
      var expected = new TreeSet<String>(names(method, ParameterRule.SD));
      expected.removeIf(
          name ->
              name.startsWith("conv_in.")
                  || name.startsWith("conv_out.")
                  || name.contains("time_emb"));
      assertEquals(expected, names(method, ParameterRule.SDXL), method.name());
    }
    assertEquals(ParameterRule.SD, ParameterRule.of(TestModels.checkpoint(7)));
    assertEquals(ParameterRule.SDXL, ParameterRule.of(TestModels.xlCheckpoint(7)));
  }

  @Test
  void aTableOfClassesIsNoLayer() {
    Tensor matrix = Tensor.zeros(Shape.of(2, 2));
    Tensor vector = Tensor.zeros(Shape.of(2));
    Weights table = Weights.of(Map.of("class_embedding.weight", matrix));
    Weights layer =
        Weights.of(Map.of("class_embedding.weight", matrix, "class_embedding.bias", vector));
    assertEquals(Set.of(), ErasureMethod.ESD_ALL.parameters(table, ParameterRule.SD));
    assertEquals(layer.names(), ErasureMethod.ESD_ALL.parameters(layer, ParameterRule.SD));
  }
}
