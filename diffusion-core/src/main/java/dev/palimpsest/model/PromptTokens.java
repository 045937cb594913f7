package dev.palimpsest.model;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.primitives.ImmutableLongArray;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A prompt of any length as chunks that each fit the text encoder, with a weight for each token. A
 * chunk is full before the next begins, wherever in a word or phrase that is; a section of the
 * prompt begins a new chunk. The embeddings of a prompt are those of its chunks, each weighed by
 * {@link #applyWeights}, joined along the tokens, as A1111's web interface has them. Immutable.
 *
 * @param chunks at least one
 */
public record PromptTokens(List<Chunk> chunks) {
  /** One input of the text encoder and the weight of each of its tokens. Immutable. */
  public static final class Chunk {
    private final Tokens tokens;
    private final float[] weights;

    private Chunk(Tokens tokens, float[] weights) {
      this.tokens = tokens;
      this.weights = weights;
    }

    /** The framed and padded ids. */
    public Tokens tokens() {
      return tokens;
    }

    /** As many weights as there are ids, 1 for begin, end and padding; a new array. */
    public float[] weights() {
      return weights.clone();
    }

    /** {@link PromptTokens#applyWeights} with the weights of this chunk. */
    public Tensor weigh(Tensor embeddings) {
      return applyWeights(embeddings, weights);
    }
  }

  public PromptTokens {
    checkArgument(!chunks.isEmpty(), "a prompt has at least one chunk");
    chunks = List.copyOf(chunks);
  }

  /**
   * Encodes each span of a prompt by itself and cuts the ids into chunks.
   *
   * @throws IllegalStateException if the tokenizer has no maximum length
   */
  public static PromptTokens of(ClipTokenizer tokenizer, WeightedPrompt prompt) {
    var chunks = new ArrayList<Chunk>();
    List<List<WeightedPrompt.Span>> sections = prompt.sections();
    for (int i = 0; i < sections.size(); i++) {
      boolean trailing = i > 0 && i == sections.size() - 1;
      if (!trailing || !sections.get(i).isEmpty()) {
        addChunks(tokenizer, sections.get(i), chunks);
      }
    }
    return new PromptTokens(chunks);
  }

  /** One chunk of ids as they are, each of weight 1. */
  public static PromptTokens plain(Tokens tokens) {
    float[] weights = new float[tokens.length()];
    Arrays.fill(weights, 1);
    return new PromptTokens(List.of(new Chunk(tokens, weights)));
  }

  private static void addChunks(
      ClipTokenizer tokenizer, List<WeightedPrompt.Span> spans, List<Chunk> chunks) {
    ImmutableLongArray.Builder idBuilder = ImmutableLongArray.builder();
    var weights = new ArrayList<Float>();
    for (WeightedPrompt.Span span : spans) {
      ImmutableLongArray content = tokenizer.content(span.text());
      idBuilder.addAll(content);
      for (int i = 0; i < content.length(); i++) {
        weights.add((float) span.weight());
      }
    }
    ImmutableLongArray ids = idBuilder.build();
    int room = tokenizer.maxLength() - 2;
    int from = 0;
    do {
      int to = Math.min(ids.length(), from + room);
      chunks.add(chunk(tokenizer, ids.subArray(from, to), weights.subList(from, to)));
      from = to;
    } while (from < ids.length());
  }

  private static Chunk chunk(
      ClipTokenizer tokenizer, ImmutableLongArray content, List<Float> contentWeights) {
    Tokens tokens = tokenizer.pad(content, "");
    float[] weights = new float[tokens.length()];
    Arrays.fill(weights, 1);
    for (int i = 0; i < contentWeights.size(); i++) {
      weights[i + 1] = contentWeights.get(i);
    }
    return new Chunk(tokens, weights);
  }

  /**
   * This prompt with chunks of the empty prompt appended, so that a prompt and its negative become
   * equally long.
   *
   * @param count at least as many chunks as there are
   */
  public PromptTokens withChunks(ClipTokenizer tokenizer, int count) {
    checkArgument(count >= chunks.size(), "count must be >= %s, was %s", chunks.size(), count);
    var all = new ArrayList<>(chunks);
    while (all.size() < count) {
      all.add(chunk(tokenizer, ImmutableLongArray.of(), List.of()));
    }
    return new PromptTokens(all);
  }

  /**
   * Multiplies each token's embedding e by its weight w, and all by one factor that restores the
   * mean m over tokens and dimensions: e' = w·e · m(e) / m(w·e). Weights that are all 1 give the
   * embeddings as they are; where m(w·e) is 0 there is no such factor and the mean is left as it
   * is. Source: A1111 {@code modules/sd_emphasis.py}, "Original".
   *
   * @param embeddings float32 [1, tokens, dim]
   * @param weights one a token
   * @return float32 [1, tokens, dim]
   */
  public static Tensor applyWeights(Tensor embeddings, float[] weights) {
    Shape shape = embeddings.shape();
    checkArgument(
        shape.rank() == 3 && shape.dim(0) == 1 && shape.dim(1) == weights.length,
        "embeddings must be [1, %s, dim], were %s",
        weights.length,
        shape);
    float[] in = embeddings.floats();
    if (isPlain(weights)) {
      return embeddings;
    }
    int dim = Math.toIntExact(shape.dim(2));
    double[] weighted = new double[in.length];
    for (int i = 0; i < in.length; i++) {
      weighted[i] = (double) in[i] * weights[i / dim];
    }
    double mean = 0;
    for (float value : in) {
      mean += value;
    }
    double weightedMean = Arrays.stream(weighted).sum();
    double factor = weightedMean == 0 ? 1 : mean / weightedMean;
    float[] out = new float[in.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) (weighted[i] * factor);
    }
    return Tensor.of(shape, out);
  }

  private static boolean isPlain(float[] weights) {
    for (float weight : weights) {
      if (weight != 1) {
        return false;
      }
    }
    return true;
  }
}
