package dev.palimpsest;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.model.ClipTokenizer;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Words that embeddings add, against known words with the same vectors. */
class TextualInversionTest {
  private static final Checkpoint SD = TestModels.checkpoint(7);
  private static final Checkpoint XL = TestModels.xlCheckpoint(7);
  private static final List<String> HALVES = List.of("encoder_hidden_states", "text_embeds");

  @TempDir Path dir;

  /** The vectors that a text encoder has for a word, one a token. */
  private static Tensor rows(Checkpoint checkpoint, String component, String word)
      throws IOException {
    long[] ids = ClipTokenizer.read(checkpoint.folder("tokenizer")).encode(word);
    Tensor table =
        checkpoint.weights(component).get("text_model.embeddings.token_embedding.weight");
    return Tensor.concat(
        Arrays.stream(ids, 1, ids.length - 1)
            .mapToObj(id -> table.rows((int) id, (int) id + 1))
            .toList());
  }

  private static TextualInversion known(Checkpoint checkpoint, String token, String word)
      throws IOException {
    Map<String, Tensor> vectors = new TreeMap<>();
    for (String component : List.of("text_encoder", "text_encoder_2")) {
      if (checkpoint.has(component)) {
        vectors.put(component, rows(checkpoint, component, word));
      }
    }
    return TextualInversion.of(token, vectors);
  }

  private static DiffusionPipeline open(Checkpoint checkpoint, TextualInversion... embeddings)
      throws IOException {
    var builder = DiffusionPipeline.builder(checkpoint);
    for (TextualInversion embedding : embeddings) {
      builder.adapter(embedding);
    }
    return builder.open();
  }

  private static void assertSame(EncodedPrompts expected, EncodedPrompts actual) {
    assertSame(expected.positive(), actual.positive());
    assertEquals(expected.negative().isPresent(), actual.negative().isPresent());
    expected.negative().ifPresent(own -> assertSame(own, actual.negative().orElseThrow()));
  }

  private static void assertSame(Conditioning expected, Conditioning actual) {
    for (String half : HALVES) {
      assertEquals(expected.get(half).isPresent(), actual.get(half).isPresent());
      expected
          .get(half)
          .ifPresent(
              own -> assertArrayEquals(own.floats(), actual.get(half).orElseThrow().floats()));
    }
  }

  private static GenerationRequest request(String prompt) {
    return GenerationRequest.of(prompt).guidanceScale(4).negativePrompt("ugly, " + prompt);
  }

  @Test
  void aWordReadsAsTheWordWithItsVectors() throws IOException {
    for (Checkpoint checkpoint : List.of(SD, XL)) {
      try (var plain = open(checkpoint);
          var knowing = open(checkpoint, known(checkpoint, "<pet>", "cat"))) {
        assertSame(
            plain.encodePrompt(request("a cat in a house")),
            knowing.encodePrompt(request("a <pet> in a house")));
        assertSame(
            plain.encodePrompt(request("a cat, cat")),
            knowing.encodePrompt(request("a <PET>,<pet>")));
        assertSame(
            plain.encodePrompt(request("a (cat:1.4) [in] it").promptSyntax(PromptSyntax.WEIGHTED)),
            knowing.encodePrompt(
                request("a (<pet>:1.4) [in] it").promptSyntax(PromptSyntax.WEIGHTED)));
        assertSame(
            plain.encodePrompt(request("no such word").clipSkip(1)),
            knowing.encodePrompt(request("no such word").clipSkip(1)));
      }
    }
  }

  @Test
  void severalWordsAndEachVectorAlone() throws IOException {
    try (var plain = open(SD);
        var knowing =
            open(
                SD, known(SD, "<pet>", "cat"), known(SD, "<pet>s", "dogs"), known(SD, "it", "i"))) {
      assertSame(
          plain.encodePrompt(request("cat dogs i")),
          knowing.encodePrompt(request("<pet> <pet>s it")));
      var parts = knowing.encodePrompt(request("<pet>")).positive();
      var second = knowing.encodePrompt(request("<pet>_1")).positive();
      float[] whole = parts.get(HALVES.get(0)).orElseThrow().floats();
      assertFalse(Arrays.equals(whole, second.get(HALVES.get(0)).orElseThrow().floats()));
      assertSame(
          knowing.encodePrompt(request("c<pet>_1<pet>_2")),
          knowing.encodePrompt(request("c <PET>_1 <pet>_2")));
    }
  }

  @Test
  void generatesAndIsRecorded() throws IOException {
    TextualInversion pet = known(SD, "<pet>", "cat");
    var request = GenerationRequest.of("a <pet>").steps(1).seed(3);
    try (var plain = open(SD);
        var knowing = open(SD, pet)) {
      GeneratedImage picture = knowing.generate(request).first();
      assertArrayEquals(
          plain.generate(GenerationRequest.of("a cat").steps(1).seed(3)).first().pixels().floats(),
          picture.pixels().floats());
      Path file = dir.resolve("a.png");
      picture.save(file);
      assertTrue(
          Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1)
              .contains("<pet> at 1.0"));
      var e =
          assertThrows(
              IllegalArgumentException.class,
              () -> knowing.generate(request.adapter("<pet>", AdapterScale.of(0.5))));
      assertTrue(String.valueOf(e.getMessage()).contains("has no strength"), e.getMessage());
    }
  }

  private static float[] vectors(TextualInversion embedding, String component) {
    Tensor vectors = requireNonNull(embedding.words(component).get(embedding.name()));
    assertEquals(DType.FLOAT32, vectors.dtype());
    return vectors.floats();
  }

  private Path file(String name, Map<String, Tensor> tensors) throws IOException {
    Path file = dir.resolve(name);
    Safetensors.write(file, tensors, Map.of());
    return file;
  }

  @Test
  void theFilesOfDiffusersA1111AndKohya() throws IOException {
    Tensor one = rows(SD, "text_encoder", "cat");
    Tensor two = rows(XL, "text_encoder_2", "cat");
    var diffusers = TextualInversion.read(file("a.safetensors", Map.of("<pet>", one)));
    var a1111 = TextualInversion.read(file("pet.safetensors", Map.of("emb_params", one)));
    var kohya =
        TextualInversion.read(file("xl pet.safetensors", Map.of("clip_l", one, "clip_g", two)));
    var single =
        TextualInversion.read(
            file("b.safetensors", Map.of("<x>", one.rows(0, 1).reshape(Shape.of(16)))));
    assertEquals("embedding <pet> of 3 vectors for [text_encoder]", diffusers.toString());
    assertEquals("embedding pet of 3 vectors for [text_encoder]", a1111.toString());
    assertEquals(
        "embedding xl pet of 3 vectors for [text_encoder, text_encoder_2]", kohya.toString());
    assertEquals("embedding <x> of 1 vectors for [text_encoder]", single.toString());
    assertArrayEquals(one.floats(), vectors(kohya.named("<y>"), "text_encoder"));
    assertArrayEquals(two.floats(), vectors(kohya, "text_encoder_2"));
    try (var plain = open(XL);
        var knowing = open(XL, kohya)) {
      assertEquals(
          plain.encodePrompt(request("a cat")).positive().tensors().keySet(),
          knowing.encodePrompt(request("a XL  pet")).positive().tensors().keySet());
    }
  }

  @Test
  void halfPrecisionIsWidened() throws IOException {
    Tensor one = rows(SD, "text_encoder", "cat");
    for (DType type : List.of(DType.FLOAT16, DType.BFLOAT16)) {
      var read = TextualInversion.read(file("h.safetensors", Map.of("emb_params", one.as(type))));
      assertArrayEquals(one.as(type).as(DType.FLOAT32).floats(), vectors(read, "text_encoder"));
    }
  }

  private static Tensor noise(long... sizes) {
    return NoiseSource.torch(1).gaussian(Shape.of(sizes));
  }

  private static void assertFails(
      Class<? extends Exception> type, String message, Executable work) {
    String found = String.valueOf(assertThrows(type, work).getMessage());
    assertTrue(found.contains(message), found);
  }

  private static void assertUnfit(String message, Checkpoint checkpoint, TextualInversion own) {
    assertFails(CheckpointException.class, message, () -> open(checkpoint, own).close());
  }

  @Test
  void whatDoesNotFitTheModelIsSaid() throws IOException {
    var narrow = TextualInversion.of("<x>", Map.of("text_encoder", noise(2, 8)));
    assertUnfit("its vectors are 8 wide, those of text_encoder 16", SD, narrow);
    var one = TextualInversion.of("<x>", Map.of("text_encoder", noise(2, 16)));
    assertUnfit("it has no vectors for text_encoder_2", XL, one);
    var both = known(XL, "<x>", "cat");
    assertUnfit("the model has no text_encoder_2 for its vectors", SD, both);
  }

  @Test
  void wordsThatAreTakenAreSaid() throws IOException {
    var taken = known(SD, "a", "cat");
    assertFails(IllegalArgumentException.class, "has 'a' already", () -> open(SD, taken).close());
    var pet = known(SD, "<pet>", "cat");
    assertFails(
        IllegalStateException.class,
        "two adapters are named <pet>",
        () -> open(SD, pet, pet).close());
    var upper = pet.named("<PET>");
    assertFails(
        IllegalArgumentException.class,
        "'<PET>' was added already",
        () -> open(SD, pet, upper).close());
    var part = pet.named("<pet>_1");
    assertFails(
        IllegalArgumentException.class, "has '<pet>_1' already", () -> open(SD, pet, part).close());
  }

  private static void assertNone(String message, String token, Map<String, Tensor> vectors) {
    assertFails(IllegalArgumentException.class, message, () -> TextualInversion.of(token, vectors));
  }

  @Test
  void whatIsNoEmbeddingIsSaid() {
    Tensor hole = noise(2, 16);
    hole.floats()[20] = Float.NaN;
    assertNone("hold NaN", "<x>", Map.of("text_encoder", hole));
    assertNone("needs a token", " ", Map.of("text_encoder", noise(16)));
    assertNone("vectors for []", "<x>", Map.of());
    assertNone("vectors for [unet]", "<x>", Map.of("unet", noise(16)));
    assertNone("FLOAT32 [1, 1, 16]", "<x>", Map.of("text_encoder", noise(1, 1, 16)));
    assertNone("[0, 16]", "<x>", Map.of("text_encoder", Tensor.zeros(Shape.of(0, 16))));
    assertNone("INT64 [1]", "<x>", Map.of("text_encoder", Tensor.of(Shape.of(1), 1L)));
    assertNone(
        "different numbers of vectors",
        "<x>",
        Map.of("text_encoder", noise(2, 16), "text_encoder_2", noise(24)));
  }

  private static void assertUnread(String message, Path file) {
    assertFails(CheckpointException.class, message, () -> TextualInversion.read(file));
  }

  @Test
  void otherFilesAreRefused() throws IOException {
    Tensor hole = noise(2, 16);
    hole.floats()[3] = Float.POSITIVE_INFINITY;
    assertUnread("hold Infinity", file("a.safetensors", Map.of("<x>", hole)));
    assertUnread(
        "expected one tensor named as its word, emb_params, or [clip_l, clip_g], found [a, b]",
        file("b.safetensors", Map.of("a", noise(16), "b", noise(16))));
    assertUnread("found [clip_l]", file("c.safetensors", Map.of("clip_l", noise(16))));
    assertUnread("found []", file("d.safetensors", Map.of()));
    assertUnread("is a pickle", Files.write(dir.resolve("e.PT"), new byte[] {'P', 'K'}));
    assertUnread("no such file", dir.resolve("f.safetensors"));
  }
}
