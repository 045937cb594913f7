package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.primitives.Longs;
import dev.palimpsest.attention.PromptWords;
import dev.palimpsest.model.ClipTokenizer;
import dev.palimpsest.model.PromptTokens;
import dev.palimpsest.model.Tokens;
import dev.palimpsest.model.WeightedPrompt;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.runtime.TensorSpec;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.IntFunction;

/**
 * A tokenizer and the text encoder behind it. The encoder is opened anew for each number of skipped
 * layers that requests ask for, and kept.
 */
final class TextTower implements AutoCloseable {
  private final ClipTokenizer tokenizer;
  private final IntFunction<Session> opener;
  private final Function<GenerationRequest, Map<String, Tensor>> shared;
  private final Map<Integer, LazySession> sessions = new ConcurrentHashMap<>();

  /**
   * What the encoder gives for a text.
   *
   * @param tokens float32 [1, tokens, width]
   * @param pooled float32 [1, width]; of the first chunk where there are several
   */
  record Encoding(Tensor tokens, Tensor pooled) {}

  /**
   * @param opener opens the encoder for a number of skipped layers: its first output is [batch,
   *     tokens, width], its second is pooled [batch, width]
   * @param shared what the encoder takes beside the ids for a request, by input name
   */
  TextTower(
      ClipTokenizer tokenizer,
      IntFunction<Session> opener,
      Function<GenerationRequest, Map<String, Tensor>> shared) {
    this.tokenizer = tokenizer;
    this.opener = opener;
    this.shared = shared;
    session(0).get();
  }

  private LazySession session(int clipSkip) {
    return sessions.computeIfAbsent(clipSkip, skip -> new LazySession(() -> opener.apply(skip)));
  }

  /** The ids of a text as diffusers makes them; a cut text adds a warning. */
  PromptTokens plain(String text, List<String> warnings) {
    Tokens tokens = tokenizer.encodePadded(text);
    if (!tokens.truncated().isEmpty()) {
      warnings.add(
          "the prompt is longer than "
              + tokenizer.maxLength()
              + " tokens; this part was left out: "
              + tokens.truncated());
    }
    return PromptTokens.plain(tokens);
  }

  /** The ids and weights of a text in the grammar of {@link WeightedPrompt}. */
  PromptTokens weighted(String text) {
    return PromptTokens.of(tokenizer, WeightedPrompt.parse(text));
  }

  /** The tokens of all chunks and their texts. */
  PromptWords words(PromptTokens prompt) {
    var ids = new ArrayList<Long>();
    var texts = new ArrayList<String>();
    for (PromptTokens.Chunk chunk : prompt.chunks()) {
      long[] own = chunk.tokens().ids();
      int end = chunk.tokens().attentionMaskSum() - 1;
      for (int i = 0; i < own.length; i++) {
        ids.add(own[i]);
        texts.add(0 < i && i < end ? tokenizer.text(own[i]) : "");
      }
    }
    return PromptWords.of(Longs.toArray(ids), texts, text -> Longs.asList(tokenizer.ids(text)));
  }

  /** With as many chunks as {@code count}. */
  PromptTokens extend(PromptTokens prompt, int count) {
    return prompt.withChunks(tokenizer, count);
  }

  /**
   * @param request says how strong adapters are
   */
  Encoding encode(
      PromptTokens prompt, int clipSkip, GenerationRequest request, Cancellation cancellation) {
    Session session = session(clipSkip).get();
    Map<String, Tensor> beside = new HashMap<>(shared.apply(request));
    beside.keySet().retainAll(session.inputs().keySet()); // skipped layers have no adapters
    var parts = new ArrayList<Tensor>();
    Tensor pooled = null;
    for (PromptTokens.Chunk chunk : prompt.chunks()) {
      List<Tensor> outputs = run(session, chunk.tokens().ids(), beside, cancellation);
      parts.add(chunk.weigh(outputs.get(0)));
      pooled = pooled == null ? outputs.get(1) : pooled;
    }
    checkArgument(pooled != null, "a prompt has at least one chunk");
    return new Encoding(Tensor.concat(1, parts), pooled);
  }

  private static List<Tensor> run(
      Session session, long[] ids, Map<String, Tensor> beside, Cancellation cancellation) {
    TensorSpec input =
        session.inputs().values().stream()
            .filter(spec -> !beside.containsKey(spec.name()))
            .findFirst()
            .orElseThrow();
    Shape shape = Shape.of(1, ids.length);
    Tensor tensor =
        input.dtype() == DType.INT32
            ? Tensor.of(shape, Arrays.stream(ids).mapToInt(Math::toIntExact).toArray())
            : Tensor.of(shape, ids);
    var inputs = new HashMap<>(beside);
    inputs.put(input.name(), tensor);
    var outputs = new ArrayList<Tensor>();
    session
        .run(inputs, cancellation)
        .values()
        .forEach(output -> outputs.add(output.as(DType.FLOAT32)));
    return outputs;
  }

  @Override
  public void close() {
    sessions.values().forEach(LazySession::close);
  }
}
