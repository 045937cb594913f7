package dev.palimpsest.esd;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.primitives.Longs;
import dev.palimpsest.Conditioning;
import dev.palimpsest.Denoiser;
import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.EncodedPrompts;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.model.ClipTokenizer;
import dev.palimpsest.model.Tokens;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A checkpoint's text encoders without its other networks. Whoever opens it closes it. One thread.
 */
final class ConceptTexts implements AutoCloseable {
  private final DiffusionPipeline encoders;
  private final ClipTokenizer tokenizer;
  private final Map<String, Embedding> known = new HashMap<>();

  /**
   * What a network reads of a text.
   *
   * @param states float32 [tokens, width], padding included
   * @param last the place of the text's last token; of the empty text that of the begin token
   * @param ids the tokens that were read
   */
  record Embedding(Tensor states, int last, List<Long> ids) {
    /** How many states there are from the last token on. */
    int length() {
      return (int) states.shape().dim(0) - last;
    }

    /** {@code count} states from the last token on. */
    Tensor from(int count) {
      return states.rows(last, last + count);
    }

    IntStream places() {
      return IntStream.range(0, ids.size());
    }

    /** What the state at a place has read, as encoders with a causal mask do: equal states, too. */
    List<Long> read(int place) {
      return ids.subList(0, place + 1);
    }
  }

  private ConceptTexts(DiffusionPipeline encoders, ClipTokenizer tokenizer) {
    this.encoders = encoders;
    this.tokenizer = tokenizer;
  }

  static ConceptTexts open(Checkpoint checkpoint, Device device) throws IOException {
    checkArgument(
        checkpoint.has("tokenizer"),
        "%s has no tokenizer; concepts are erased from models with prompts",
        checkpoint);
    ClipTokenizer tokenizer = ClipTokenizer.read(checkpoint.component("tokenizer"));
    return new ConceptTexts(
        DiffusionPipeline.builder(checkpoint)
            .device(device)
            .denoiser(new NoDenoiser())
            .withoutSafetyChecker()
            .open(),
        tokenizer);
  }

  /** Both encoders' states side by side where there are two. */
  Embedding embed(String text) {
    return known.computeIfAbsent(text, this::encode);
  }

  EncodedPrompts encode(GenerationRequest request) {
    return encoders.encodePrompt(request);
  }

  private Embedding encode(String text) {
    Conditioning prompt = encode(GenerationRequest.of(text).guidanceScale(1)).positive();
    Tensor states = prompt.get("encoder_hidden_states").orElseThrow();
    Shape shape = states.shape();
    Tokens tokens = tokenizer.encodePadded(text);
    return new Embedding(
        states.reshape(Shape.of(shape.dim(1), shape.dim(2))),
        tokens.attentionMaskSum() - 2,
        Longs.asList(tokens.ids()));
  }

  /** In the place of the network, which encoding a prompt does not need. */
  private static final class NoDenoiser implements Denoiser {
    @Override
    public int channels() {
      return 4;
    }

    @Override
    public PredictionType predictionType() {
      return PredictionType.EPSILON;
    }

    @Override
    public Tensor predict(
        Tensor x, double timestep, Conditioning conditioning, Cancellation cancellation) {
      throw new IllegalStateException("there is no network here");
    }
  }

  @Override
  public void close() {
    encoders.close();
  }
}
