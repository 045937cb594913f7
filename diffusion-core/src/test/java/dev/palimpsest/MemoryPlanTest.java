package dev.palimpsest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class MemoryPlanTest {
  private static final GenerationRequest LARGE =
      GenerationRequest.of("a cat").size(2048, 1024).steps(2).seed(3).guidanceScale(4);

  private static MemoryPlan plan(GenerationRequest request) throws IOException {
    try (var pipeline = TestModels.tiny(7).open()) {
      return pipeline.memoryPlan(request);
    }
  }

  @Test
  void whatIsWorkedOnInPartsNeedsLess() throws IOException {
    MemoryPlan whole = plan(LARGE);
    assertEquals(VaeTiling.NONE, whole.tiling());
    assertEquals(whole.denoising() / 2, plan(LARGE.guidanceScale(1)).denoising(), 1e5);
    assertEquals(2 * whole.denoising(), plan(LARGE.images(2)).denoising(), 1e5);
    assertTrue(plan(LARGE.windows(Windows.of(256))).denoising() < whole.denoising() / 20);
    assertTrue(plan(LARGE.vaeTiling(VaeTiling.DIFFUSERS)).decoding() < whole.decoding() / 20);
    MemoryPlan exact = plan(LARGE.vaeTiling(VaeTiling.EXACT));
    assertTrue(exact.decoding() < whole.decoding(), exact::toString);
    assertEquals(whole.weights(), exact.weights());
    assertTrue(exact.peak() < whole.peak());
    assertTrue(plan(LARGE.hires(Hires.pixels(0.5))).decoding() > whole.decoding());
  }

  @Test
  void memoryGrowsWithTheNumberOfPixels() throws IOException {
    MemoryPlan one = plan(LARGE);
    MemoryPlan four = plan(LARGE.size(4096, 2048));
    assertEquals(4.0, (double) four.denoising() / one.denoising(), 0.1);
    assertEquals(4.0, (double) four.decoding() / one.decoding(), 0.1);
  }

  @Test
  void aLimitChoosesExactTilesAndRefusesWhatDoesNotFit() throws IOException {
    GenerationRequest request = LARGE.size(528, 32);
    long whole = plan(request).peak();
    long exact = plan(request.vaeTiling(VaeTiling.EXACT)).peak();
    assertTrue(exact < whole);
    float[] expected;
    try (var pipeline = TestModels.tiny(7).memoryLimit(whole).open()) {
      assertEquals(VaeTiling.NONE, pipeline.memoryPlan(request).tiling());
      expected = pipeline.generate(request).first().pixels().floats();
    }
    try (var pipeline = TestModels.tiny(7).memoryLimit(whole - 1).open()) {
      assertEquals(VaeTiling.EXACT, pipeline.memoryPlan(request).tiling());
      assertArrayEquals(expected, pipeline.generate(request).first().pixels().floats(), 1e-5f);
      GenerationRequest untiled = request.vaeTiling(VaeTiling.NONE);
      assertThrows(IllegalArgumentException.class, () -> pipeline.generate(untiled));
    }
    try (var pipeline = TestModels.tiny(7).memoryLimit(exact - 1).open()) {
      var refused = assertThrows(IllegalArgumentException.class, () -> pipeline.generate(request));
      assertTrue(String.valueOf(refused.getMessage()).contains("528x32"), refused::getMessage);
    }
    assertThrows(IllegalArgumentException.class, () -> TestModels.tiny(7).memoryLimit(0));
  }

  @Test
  void aDecoderOfTheCallersHasNoPlan() throws IOException {
    try (var pipeline = TestModels.tiny(7).decoder(LatentDecoder.identity()).open()) {
      GenerationRequest small = LARGE.size(16, 16);
      assertThrows(IllegalArgumentException.class, () -> pipeline.memoryPlan(small));
    }
  }
}
