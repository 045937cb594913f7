package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.ComponentKind;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.model.ClipTextConfig;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A new word for text encoders (textual inversion, Gal et al. 2023): one or several vectors that
 * stand wherever a prompt has the word. Opened with a pipeline like any {@link Adapter}; it has no
 * strength of its own, but prompts may weigh the word. Immutable and thread-safe.
 *
 * <pre>{@code
 * TextualInversion cat = TextualInversion.read(Path.of("learned_embeds.safetensors"));
 * try (var pipeline = DiffusionPipeline.builder(checkpoint).adapter(cat).open()) {
 *   pipeline.generate(GenerationRequest.of("a photo of " + cat.name()));
 * }
 * }</pre>
 *
 * <p>A word of several vectors is all of them in order; {@code <cat>_1} is the second alone, as in
 * diffusers. Where a word is not in a prompt, nothing changes.
 */
public final class TextualInversion implements Adapter {
  private final String token;
  private final Map<String, Tensor> vectors;

  private TextualInversion(String token, Map<String, Tensor> vectors) {
    this.token = token;
    this.vectors = Collections.unmodifiableMap(vectors);
  }

  /**
   * @param token how prompts call it, such as {@code <cat>}
   * @param vectors by text encoder, {@code text_encoder} and {@code text_encoder_2}: floating
   *     [width] or [vectors, width], finite, for both equally many
   */
  public static TextualInversion of(String token, Map<String, Tensor> vectors) {
    checkArgument(!token.isBlank(), "an embedding needs a token");
    checkArgument(
        !vectors.isEmpty() && EmbeddingFile.ENCODERS.values().containsAll(vectors.keySet()),
        "embedding %s has vectors for %s, expected some of %s",
        token,
        vectors.keySet(),
        EmbeddingFile.ENCODERS.values());
    Map<String, Tensor> checked = new TreeMap<>();
    vectors.forEach((component, each) -> checked.put(component, checked(token, component, each)));
    checkArgument(
        checked.values().stream().map(each -> each.shape().dim(0)).distinct().count() == 1,
        "embedding %s has different numbers of vectors: %s",
        token,
        shapes(checked));
    return new TextualInversion(token, checked);
  }

  /**
   * The embedding in a {@code .safetensors} file: of diffusers, one tensor that is called as the
   * word; of A1111's web interface ({@code emb_params}) or kohya's scripts for XL ({@code clip_l}
   * and {@code clip_g}), which is called as the file.
   *
   * @throws CheckpointException if the file is malformed or something else, such as a pickle, or
   *     its vectors are not finite
   */
  public static TextualInversion read(Path path) throws CheckpointException {
    return EmbeddingFile.read(path);
  }

  /** This embedding under another word. */
  public TextualInversion named(String other) {
    return of(other, vectors);
  }

  private static Tensor checked(String token, String component, Tensor given) {
    checkArgument(
        given.dtype().isFloating()
            && given.elements() > 0
            && (rank(given) == 1 || rank(given) == 2),
        "embedding %s: the vectors for %s are %s %s, expected floating [width] or [vectors, width]",
        token,
        component,
        given.dtype(),
        given.shape());
    Tensor vectors = given.as(DType.FLOAT32);
    for (float value : vectors.floats()) {
      checkArgument(
          Float.isFinite(value),
          "embedding %s: the vectors for %s hold %s",
          token,
          component,
          value);
    }
    return rank(vectors) == 2 ? vectors : vectors.reshape(Shape.of(1, vectors.elements()));
  }

  private static int rank(Tensor tensor) {
    return tensor.shape().rank();
  }

  private static Map<String, Object> shapes(Map<String, Tensor> vectors) {
    Map<String, Object> shapes = new TreeMap<>();
    vectors.forEach((component, each) -> shapes.put(component, each.shape()));
    return shapes;
  }

  /** The word, which is also its name as an adapter. */
  @Override
  public String name() {
    return token;
  }

  /** How many vectors the word stands for. */
  public int size() {
    return Math.toIntExact(vectors.values().iterator().next().shape().dim(0));
  }

  @Override
  public Map<String, Tensor> words(String component) {
    Tensor own = vectors.get(component);
    return own == null ? Map.of() : Map.of(token, own);
  }

  @Override
  public void check(Checkpoint checkpoint) throws CheckpointException {
    List<String> problems = new ArrayList<>();
    for (String component : EmbeddingFile.ENCODERS.values()) {
      Tensor own = vectors.get(component);
      if (checkpoint.has(component) != (own != null)) {
        problems.add(
            own == null
                ? "it has no vectors for " + component
                : "the model has no " + component + " for its vectors");
      } else if (own != null) {
        problems.addAll(misfits(checkpoint.component(component), own));
      }
    }
    if (!problems.isEmpty()) {
      throw new CheckpointException(
          String.format(
              "embedding %s does not fit %s: %s", token, checkpoint, String.join("; ", problems)));
    }
  }

  private static List<String> misfits(Component encoder, Tensor vectors) {
    if (encoder.kind() != ComponentKind.NETWORK) {
      return List.of(encoder.name() + " is an ONNX export, which takes no further words");
    }
    int width = ClipTextConfig.of(encoder.config()).hiddenSize();
    return vectors.shape().dim(1) == width
        ? List.of()
        : List.of(
            String.format(
                "its vectors are %d wide, those of %s %d",
                vectors.shape().dim(1), encoder.name(), width));
  }

  @Override
  public Graph adapt(String component, Graph network) {
    return network;
  }

  @Override
  public Map<String, Tensor> weights(String component) {
    return Map.of();
  }

  /**
   * @throws IllegalArgumentException if the scale is not 1: a word has no strength
   */
  @Override
  public Map<String, Tensor> inputs(String component, AdapterScale scale) {
    checkArgument(
        scale.equals(AdapterScale.of(1)),
        "embedding %s has no strength, but was given %s; weigh its word in the prompt",
        token,
        scale);
    return Map.of();
  }

  @Override
  public String toString() {
    return String.format("embedding %s of %d vectors for %s", token, size(), vectors.keySet());
  }
}
