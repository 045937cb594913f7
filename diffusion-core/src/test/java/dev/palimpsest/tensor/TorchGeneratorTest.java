package dev.palimpsest.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The golden area {@code random}: what torch 2.15 draws on the CPU. */
class TorchGeneratorTest {
  /** A tenth of the tolerance of the cases, absolute and relative. */
  private static final double TOLERANCE = 2e-7;

  private final GoldenArrays goldens;

  TorchGeneratorTest() throws IOException {
    goldens = GoldenArrays.read("random");
  }

  @Test
  void randnEqualsTorch() {
    int cases = 0;
    for (JsonNode c : goldens.cases("torch_randn")) {
      var generator = new TorchGenerator(c.get("seed").asLong());
      Tensor got = generator.randn(GoldenArrays.shape(c.get("shape")));
      assertClose(c, goldens.expected(c, "values"), got);
      cases++;
    }
    assertEquals(30, cases);
  }

  @Test
  void drawsOfOneGeneratorEqualTorch() {
    int cases = 0;
    for (JsonNode c : goldens.cases("torch_randn_sequence")) {
      NoiseSource source = NoiseSource.torch(c.get("seed").asLong());
      int draw = 0;
      for (JsonNode shape : c.get("shapes")) {
        Tensor got = source.gaussian(GoldenArrays.shape(shape));
        assertClose(c, goldens.expected(c, "draw." + draw++), got);
      }
      cases++;
    }
    assertEquals(5, cases);
  }

  @Test
  void randEqualsTorchBitForBit() {
    int cases = 0;
    for (JsonNode c : goldens.cases("torch_rand")) {
      var generator = new TorchGenerator(c.get("seed").asLong());
      Tensor got = generator.rand(GoldenArrays.shape(c.get("shape")));
      assertArrayEquals(goldens.expected(c, "values").floats(), got.floats());
      cases++;
    }
    assertEquals(5, cases);
  }

  @Test
  void oneGeneratorAnImageEqualsTorch() {
    int cases = 0;
    for (JsonNode c : goldens.cases("torch_randn_per_image")) {
      List<NoiseSource> sources = new ArrayList<>();
      c.get("seeds").forEach(seed -> sources.add(NoiseSource.torch(seed.asLong())));
      Shape batch = GoldenArrays.shape(c.get("shape")).withDim(0, sources.size());
      Tensor got = NoiseSource.perImage(sources).gaussian(batch);
      assertClose(c, goldens.expected(c, "values"), got);
      cases++;
    }
    assertEquals(1, cases);
  }

  private static void assertClose(JsonNode c, Tensor want, Tensor got) {
    assertEquals(want.shape(), got.shape());
    float[] w = want.floats();
    float[] g = got.floats();
    for (int i = 0; i < w.length; i++) {
      double error = Math.abs((double) g[i] - w[i]);
      assertTrue(
          error <= TOLERANCE + TOLERANCE * Math.abs(w[i]),
          c.get("id").asText() + "[" + i + "]: " + g[i] + ", torch has " + w[i]);
    }
  }
}
