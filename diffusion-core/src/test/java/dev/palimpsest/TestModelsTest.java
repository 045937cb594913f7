package dev.palimpsest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.tensor.Shape;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TestModelsTest {
  private static final GenerationRequest CAT =
      GenerationRequest.of("a cat").steps(2).guidanceScale(4).seed(5);

  @SuppressWarnings("NullAway.Init")
  private DiffusionPipeline xl;

  @BeforeAll
  void open() throws Exception {
    xl = TestModels.tinyXl(3).open();
  }

  @AfterAll
  void close() {
    xl.close();
  }

  private float[] pixels(GenerationRequest request) {
    return xl.generate(request).first().pixels().floats();
  }

  private void assertMatters(GenerationRequest request) {
    assertFalse(Arrays.equals(pixels(CAT), pixels(request)));
  }

  @Test
  void seedsAreReproducible() throws Exception {
    try (var same = TestModels.tinyXl(3).open();
        var other = TestModels.tinyXl(4).open()) {
      assertEquals(xl.checkpoint().hash(), same.checkpoint().hash());
      assertArrayEquals(pixels(CAT), same.generate(CAT).first().pixels().floats());
      assertFalse(Arrays.equals(pixels(CAT), other.generate(CAT).first().pixels().floats()));
    }
  }

  @Test
  void xlConditioningHoldsPooledTextAndSizes() {
    EncodedPrompts prompts = xl.encodePrompt(CAT.size(16, 24));
    Conditioning positive = prompts.positive();
    assertEquals(Shape.of(1, 77, 40), positive.get("encoder_hidden_states").orElseThrow().shape());
    assertEquals(Shape.of(1, 12), positive.get("text_embeds").orElseThrow().shape());
    assertArrayEquals(
        new float[] {24, 16, 0, 0, 24, 16}, positive.get("time_ids").orElseThrow().floats());
  }

  @Test
  void anAbsentNegativePromptIsZerosAndAnEmptyOneIsNot() {
    Conditioning absent = xl.encodePrompt(CAT).negative().orElseThrow();
    for (String name : List.of("encoder_hidden_states", "text_embeds")) {
      float[] values = absent.get(name).orElseThrow().floats();
      assertArrayEquals(new float[values.length], values);
    }
    assertMatters(CAT.negativePrompt(""));
  }

  @Test
  void secondPromptGoesToTheSecondEncoderOnly() {
    float[] one = hidden(CAT);
    float[] two = hidden(CAT.prompt2("a dog"));
    boolean secondDiffers = false;
    for (int i = 0; i < one.length; i++) {
      if (i % 40 < 16) {
        assertEquals(one[i], two[i]);
      } else {
        secondDiffers |= one[i] != two[i];
      }
    }
    assertTrue(secondDiffers);
    assertMatters(CAT.prompt2("a dog"));
    assertArrayEquals(pixels(CAT), pixels(CAT.prompt2("a cat")));
    GenerationRequest negative = CAT.negativePrompt("a dog");
    assertFalse(Arrays.equals(pixels(negative), pixels(negative.negativePrompt2("a house"))));
  }

  private float[] hidden(GenerationRequest request) {
    return xl.encodePrompt(request).positive().get("encoder_hidden_states").orElseThrow().floats();
  }

  @Test
  void sizesSteer() {
    SizeConditioning own = SizeConditioning.of(16, 16);
    assertArrayEquals(pixels(CAT), pixels(CAT.sizes(own)));
    assertMatters(CAT.sizes(own.original(1024, 768)));
    assertMatters(CAT.sizes(own.crop(4, 8)));
    assertMatters(CAT.sizes(own.target(512, 512)));
    assertMatters(CAT.negativeSizes(own.original(64, 64)));
  }

  @Test
  void clipSkipReachesBothEncoders() {
    float[] plain = hidden(CAT);
    float[] skipped = hidden(CAT.clipSkip(1));
    for (int from : new int[] {0, 16}) {
      float[] a = Arrays.copyOfRange(plain, 40 + from, 40 + from + 16);
      float[] b = Arrays.copyOfRange(skipped, 40 + from, 40 + from + 16);
      assertFalse(Arrays.equals(a, b));
    }
  }

  @Test
  void imageToImageWithXl() {
    var image = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
    assertMatters(CAT.steps(6).image(image).strength(0.5));
  }

  @Test
  void stableDiffusionTakesNoPooledText() throws Exception {
    try (var plain = TestModels.tiny(3).open()) {
      assertEquals(
          List.of("encoder_hidden_states"),
          List.copyOf(plain.encodePrompt(CAT).positive().tensors().keySet()));
      assertThrows(IllegalArgumentException.class, () -> plain.generate(CAT.prompt2("a dog")));
    }
  }
}
