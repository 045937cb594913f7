package dev.palimpsest.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class PromptTokensTest {
  private final ClipTokenizer tokenizer = TokenizerFolders.read("clip_small").withMaxLength(6);

  private PromptTokens parse(String prompt) {
    return PromptTokens.of(tokenizer, WeightedPrompt.parse(prompt));
  }

  @Test
  void aShortPromptIsOneChunkAsTheTokenizerHasIt() {
    List<PromptTokens.Chunk> chunks = parse("a b").chunks();
    assertEquals(1, chunks.size());
    assertEquals(tokenizer.encodePadded("a b"), chunks.get(0).tokens());
    assertArrayEquals(new float[] {1, 1, 1, 1, 1, 1}, chunks.get(0).weights());
  }

  @Test
  void weightsStandAtTheTokensOfTheirSpan() {
    PromptTokens.Chunk chunk = parse("a (b:2) c").chunks().get(0);
    assertArrayEquals(new long[] {998, 320, 321, 322, 999, 999}, chunk.tokens().ids());
    assertArrayEquals(new float[] {1, 1, 2, 1, 1, 1}, chunk.weights());
    assertEquals(5, chunk.tokens().attentionMaskSum());
  }

  @Test
  void aLongPromptIsCutIntoFullChunks() {
    String prompt = "a b c d e f g h i";
    List<PromptTokens.Chunk> chunks = parse("(" + prompt + ":0.5)").chunks();
    assertEquals(3, chunks.size());
    long[] content =
        chunks.stream()
            .flatMapToLong(
                chunk ->
                    LongStream.of(chunk.tokens().ids())
                        .skip(1)
                        .limit(chunk.tokens().attentionMaskSum() - 2))
            .toArray();
    long[] whole = tokenizer.encode(prompt);
    assertArrayEquals(Arrays.copyOfRange(whole, 1, whole.length - 1), content);
    assertArrayEquals(new float[] {1, .5f, .5f, .5f, .5f, 1}, chunks.get(1).weights());
    assertArrayEquals(new float[] {1, .5f, 1, 1, 1, 1}, chunks.get(2).weights());
  }

  @Test
  void aPromptThatFillsItsChunkExactlyHasOne() {
    assertEquals(1, parse("a b c d").chunks().size());
    assertEquals(2, parse("a b c d e").chunks().size());
  }

  @Test
  void breaksBeginChunks() {
    assertEquals(2, parse("a BREAK b").chunks().size());
    assertEquals(3, parse("a BREAK BREAK b").chunks().size());
    assertEquals(1, parse("a BREAK").chunks().size());
    assertEquals(1, parse("").chunks().size());
    assertEquals(tokenizer.encodePadded(""), parse("BREAK a").chunks().get(0).tokens());
  }

  @Test
  void growsByEmptyChunks() {
    PromptTokens grown = parse("a").withChunks(tokenizer, 3);
    assertEquals(3, grown.chunks().size());
    assertEquals(tokenizer.encodePadded(""), grown.chunks().get(2).tokens());
    assertThrows(IllegalArgumentException.class, () -> grown.withChunks(tokenizer, 2));
  }

  @Test
  void aTokenizerWithoutLengthCannotCut() {
    ClipTokenizer unbounded = tokenizer.withMaxLength(Integer.MAX_VALUE);
    assertThrows(
        IllegalStateException.class, () -> PromptTokens.of(unbounded, WeightedPrompt.plain("a")));
  }

  @Test
  void weightsScaleAndTheMeanStays() {
    Tensor in = Tensor.of(Shape.of(1, 2, 2), 1f, 2f, 3f, 4f);
    // weighted: 2 4 3 4, sum 13; was 10
    float[] out = PromptTokens.applyWeights(in, new float[] {2, 1}).floats();
    assertArrayEquals(new float[] {20 / 13f, 40 / 13f, 30 / 13f, 40 / 13f}, out, 1e-6f);
    assertEquals(10, out[0] + out[1] + out[2] + out[3], 1e-5);
    assertArrayEquals(new float[] {1, 2, 3, 4}, in.floats());
  }

  @Test
  void plainWeightsLeaveTheEmbeddingsAsTheyAre() {
    Tensor in = Tensor.of(Shape.of(1, 6, 1), 1f, 2f, 3f, 4f, 5f, 6f);
    assertSame(in, parse("a").chunks().get(0).weigh(in));
  }

  @Test
  void aMeanOfZeroIsNotRestored() {
    Tensor in = Tensor.of(Shape.of(1, 2, 1), 1f, 2f);
    assertArrayEquals(
        new float[] {0, 0}, PromptTokens.applyWeights(in, new float[] {0, 0}).floats());
  }

  @Test
  void embeddingsOfAnotherShapeAreRefused() {
    Tensor in = Tensor.of(Shape.of(1, 2, 1), 1f, 2f);
    assertThrows(IllegalArgumentException.class, () -> PromptTokens.applyWeights(in, new float[3]));
    assertThrows(
        IllegalArgumentException.class,
        () -> PromptTokens.applyWeights(Tensor.of(Shape.of(2), 1f, 2f), new float[2]));
  }
}
