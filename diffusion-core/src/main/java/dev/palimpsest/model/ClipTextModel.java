package dev.palimpsest.model;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import java.util.ArrayList;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * CLIP's text encoder (Radford et al. 2021) as a function from its configuration to a graph.
 * Reference: transformers models/clip/modeling_clip.py, classes CLIPTextModel and
 * CLIPTextModelWithProjection.
 *
 * <p>Input {@value #INPUT_IDS}: int64 [batch, tokens], at most {@code max_position_embeddings}
 * tokens. Outputs, all float32:
 *
 * <ul>
 *   <li>{@value #LAST_HIDDEN_STATE} [batch, tokens, width], normalised
 *   <li>{@value #POOLER_OUTPUT} [batch, width]: the last hidden state at the end token
 *   <li>{@value #TEXT_EMBEDS} [batch, projection_dim]: the pooled state projected
 *   <li>{@code hidden_states.k} [batch, tokens, width] ({@link #hiddenState}): k = 0 are the
 *       embeddings, k = the number of layers is the last state before normalisation, negative ones
 *       count from the end
 *   <li>{@code clip_skip.n} [batch, tokens, width] ({@link #clipSkip}): the state n layers before
 *       the last, normalised
 * </ul>
 *
 * <p>Parameters carry the names of published files: {@code text_model.…} and {@code
 * text_projection.weight}.
 */
public final class ClipTextModel {
  public static final String INPUT_IDS = "input_ids";
  public static final String LAST_HIDDEN_STATE = "last_hidden_state";
  public static final String POOLER_OUTPUT = "pooler_output";
  public static final String TEXT_EMBEDS = "text_embeds";

  /** The parameter with the vectors of added tokens, if there are any. */
  public static final String ADDED_EMBEDDING = "added_embedding.weight";

  private static final String HIDDEN_STATES = "hidden_states.";
  private static final String CLIP_SKIP = "clip_skip.";
  private static final String WITH_PROJECTION = "CLIPTextModelWithProjection";

  private final ClipTextConfig config;
  private final AddedVectors added;
  private final Scope model = Scope.of("text_model");
  private final Value ids;
  private final List<Value> states = new ArrayList<>();
  private final Value finalWeight;
  private final Value finalBias;
  private final Map<Value, Value> normalised = new IdentityHashMap<>();

  private ClipTextModel(ClipTextConfig config, AddedVectors added) {
    this.config = config;
    this.added = added;
    this.ids = Value.input(INPUT_IDS, DType.INT64, Dims.parse("batch", "tokens"));
    Scope last = model.at("final_layer_norm");
    this.finalWeight = last.parameter("weight", config.hiddenSize());
    this.finalBias = last.parameter("bias", config.hiddenSize());
    states.add(embeddings());
    for (int i = 0; i < config.layers(); i++) {
      Scope layer = model.at("encoder").at("layers", i);
      states.add(layer(layer, states.get(i)).named(layer.path()));
    }
  }

  /** The output of a state by its index; negative indices count from the end. */
  public static String hiddenState(int index) {
    return HIDDEN_STATES + index;
  }

  /**
   * The output that diffusers' {@code clip_skip} gives in Stable Diffusion 1 and 2: the state
   * {@code skipped} layers before the last, normalised.
   */
  public static String clipSkip(int skipped) {
    return CLIP_SKIP + skipped;
  }

  /**
   * The network with all its parameters: the normalised last state, and the projected pooled state
   * if {@code architectures} declares CLIPTextModelWithProjection, otherwise the pooled state.
   *
   * @throws dev.palimpsest.errors.UnsupportedModelException if the configuration names what this
   *     library does not run
   * @throws IllegalArgumentException if a field has an impossible value
   */
  public static Graph graph(Config config) {
    boolean projection =
        !config.isNull("architectures")
            && config.strings("architectures").contains(WITH_PROJECTION);
    return graph(config, List.of(LAST_HIDDEN_STATE, projection ? TEXT_EMBEDS : POOLER_OUTPUT));
  }

  /**
   * The network of the wanted outputs; layers that none of them needs are left out.
   *
   * @throws dev.palimpsest.errors.UnsupportedModelException if the configuration names what this
   *     library does not run
   * @throws IllegalArgumentException if an output is not one of those above, or a field has an
   *     impossible value
   */
  public static Graph graph(Config config, Collection<String> outputs) {
    return graph(config, outputs, AddedVectors.NONE);
  }

  /**
   * The network of the wanted outputs that also takes ids of added tokens, whose vectors are the
   * parameter {@value #ADDED_EMBEDDING}. As in transformers, a configuration whose end token is 2
   * takes the pooled state at the largest id, which is then an added one.
   *
   * @throws IllegalArgumentException also if the added ids do not follow the encoder's own
   */
  public static Graph graph(Config config, Collection<String> outputs, AddedVectors added) {
    var model = new ClipTextModel(ClipTextConfig.of(config), added);
    Map<String, Value> values = new LinkedHashMap<>();
    outputs.forEach(name -> values.put(name, model.output(name)));
    return Graph.of("text_encoder", values);
  }

  private Value output(String name) {
    if (name.matches("hidden_states\\.-?\\d{1,6}")) {
      return state(name, Integer.parseInt(name.substring(HIDDEN_STATES.length())));
    }
    if (name.matches("clip_skip\\.\\d{1,6}")) {
      return normal(state(name, -1 - Integer.parseInt(name.substring(CLIP_SKIP.length()))));
    }
    return switch (name) {
      case LAST_HIDDEN_STATE -> normal(state(name, -1));
      case POOLER_OUTPUT -> pooled();
      case TEXT_EMBEDS -> projected();
      default ->
          throw new IllegalArgumentException(
              String.format(
                  "a text encoder has no output %s; there are %s, %s, %s, %s0 to %s and %s0 to %s",
                  name,
                  LAST_HIDDEN_STATE,
                  POOLER_OUTPUT,
                  TEXT_EMBEDS,
                  HIDDEN_STATES,
                  config.layers(),
                  CLIP_SKIP,
                  config.layers()));
    };
  }

  private Value state(String name, int index) {
    int count = states.size();
    checkArgument(
        -count <= index && index < count,
        "no output %s: the text encoder has %s layers, so states %s to %s",
        name,
        config.layers(),
        -count,
        count - 1);
    return states.get(Math.floorMod(index, count));
  }

  private Value embeddings() {
    Scope scope = model.at("embeddings");
    Value tokens = added.count() == 0 ? tokens(scope, ids) : tokensAndAdded(scope);
    Value positions =
        scope.parameter("position_embedding.weight", config.maxPositions(), config.hiddenSize());
    return tokens.add(positions.first(0, ids.shapeValue().slice(0, 1, 2))).named(scope.path());
  }

  private Value tokens(Scope scope, Value known) {
    return scope.embedding("token_embedding", known, config.vocabSize(), config.hiddenSize());
  }

  private Value tokensAndAdded(Scope scope) {
    checkArgument(
        added.firstId() <= config.vocabSize(),
        "added tokens begin at id %s, but there are only %s vectors",
        added.firstId(),
        config.vocabSize());
    Value first = Value.constant((long) added.firstId());
    Value atLeast = ids.max(first);
    Value vectors =
        Value.parameter(
            ADDED_EMBEDDING, DType.FLOAT32, Shape.of(added.count(), config.hiddenSize()));
    Value known = tokens(scope, ids.min(Value.constant(added.firstId() - 1L)));
    return ids.equalTo(atLeast).unsqueeze(2).where(vectors.gather(atLeast.sub(first), 0), known);
  }

  private Value layer(Scope scope, Value x) {
    float epsilon = (float) config.layerNormEps();
    Value attended = x.add(attention(scope, scope.layerNorm("layer_norm1", x, epsilon)));
    Scope mlp = scope.at("mlp");
    Value normal = scope.layerNorm("layer_norm2", attended, epsilon);
    Value wide = mlp.linear("fc1", normal, config.intermediateSize());
    Value active = config.hiddenAct().equals("gelu") ? wide.gelu() : wide.quickGelu();
    return attended.add(mlp.linear("fc2", active, config.hiddenSize()));
  }

  private Value attention(Scope layer, Value x) {
    Scope scope = layer.at("self_attn");
    int width = config.hiddenSize();
    Value query = scope.linear("q_proj", x, width);
    Value key = scope.linear("k_proj", x, width);
    Value value = scope.linear("v_proj", x, width);
    Value attended = query.multiHeadAttention(key, value, config.heads(), true);
    return scope.linear("out_proj", attended, width);
  }

  /** A state after the final normalisation, made once. */
  private Value normal(Value state) {
    return normalised.computeIfAbsent(
        state, x -> x.layerNorm(finalWeight, finalBias, (float) config.layerNormEps()));
  }

  private Value pooled() {
    Value last = normal(state(LAST_HIDDEN_STATE, -1));
    Value shape = Value.constant(1L, 1L, config.hiddenSize());
    Value index = endPosition().unsqueeze(1, 2).expand(shape);
    return last.gatherElements(index, 1).squeeze(1);
  }

  /** The place of the end token in each prompt: int64 [batch]. */
  private Value endPosition() {
    // Floats hold every token id exactly, and every device has the operator for them.
    if (config.eosTokenId() == 2) {
      return ids.cast(DType.FLOAT32).argMax(1);
    }
    Value end = Value.constant((long) config.eosTokenId());
    return ids.equalTo(end).cast(DType.FLOAT32).argMax(1);
  }

  private Value projected() {
    checkArgument(
        config.projectionDim().isPresent(), "projection_dim is null, so there is no text_embeds");
    return Scope.root()
        .linearWithoutBias("text_projection", pooled(), config.projectionDim().getAsInt());
  }
}
