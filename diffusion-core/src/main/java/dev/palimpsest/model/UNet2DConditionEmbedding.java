package dev.palimpsest.model;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Value;
import dev.palimpsest.model.UNet2DConditionConfig.Addition;
import dev.palimpsest.tensor.DType;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** What a text-conditioned U-Net makes of timestep, class, guidance and pooled text: one vector. */
final class UNet2DConditionEmbedding {
  private static final float EPSILON = 1e-5f;

  private final Config config;
  private final UNet2DConditionConfig inputs;
  private final Activation activation;
  private final TimeEmbedding time;
  private final int width;

  UNet2DConditionEmbedding(Config config, UNet2DConditionConfig inputs, Activation activation) {
    this.config = config;
    this.inputs = inputs;
    this.activation = activation;
    int first = config.integers("block_out_channels", List.of(320)).get(0);
    boolean fourier =
        Choice.of(
            config,
            "time_embedding_type",
            config.string("time_embedding_type", "positional"),
            Map.of("positional", false, "fourier", true));
    OptionalInt given = config.optionalInteger("time_embedding_dim");
    width = given.orElse(fourier ? 2 * first : 4 * first);
    time =
        new TimeEmbedding(
            fourier ? TimeEmbedding.Projection.FOURIER : TimeEmbedding.Projection.SINUSOIDS,
            fourier ? width : first,
            config.bool("flip_sin_to_cos", true),
            (float) config.number("freq_shift", 0),
            0);
  }

  /**
   * @return float32 [batch or 1, width]
   */
  Value apply(Scope root, Value text) {
    Value timestep = Value.input("timestep", DType.FLOAT32, Dims.parse("timesteps"));
    Value out = timeEmbedding(root.at("time_embedding"), time.project(root, timestep));
    if (inputs.classEmbedding() != ClassEmbedding.NONE) {
      Value label = classEmbedding(root);
      out = config.bool("class_embeddings_concat", false) ? joined(out, label) : label.add(out);
    } else {
      checkArgument(
          !config.bool("class_embeddings_concat", false),
          "%s: class_embeddings_concat needs a class embedding",
          config.source());
    }
    if (inputs.addition() == Addition.TEXT) {
      out = pooledText(root.at("add_embedding"), text).add(out);
    } else if (inputs.addition() == Addition.TEXT_TIME) {
      out = textAndTime(root).add(out);
    }
    return config.isNull("time_embedding_act_fn")
        ? out
        : activation("time_embedding_act_fn").apply(out);
  }

  private Value timeEmbedding(Scope scope, Value projected) {
    Value h = projected;
    if (inputs.guidanceWidth().isPresent()) {
      Dims dims = Dims.parse("batch", inputs.guidanceWidth().getAsInt());
      Value condition = Value.input("timestep_cond", DType.FLOAT32, dims);
      h = scope.linearWithoutBias("cond_proj", condition, time.size()).add(h);
    }
    h = TimeEmbedding.layers(scope, h, width, activation);
    return config.isNull("timestep_post_act") ? h : activation("timestep_post_act").apply(h);
  }

  /** [rows or 1, width] and [batch, width] side by side. */
  private static Value joined(Value embedding, Value label) {
    return Value.concat(1, embedding.expand(label.shapeValue()), label);
  }

  private Value classEmbedding(Scope root) {
    Scope scope = root.at("class_embedding");
    return switch (inputs.classEmbedding()) {
      case NONE -> throw new IllegalStateException("no class embedding");
      case LABEL ->
          root.embedding(
              "class_embedding",
              Value.input("class_labels", DType.INT64, Dims.parse("batch")),
              config.integer("num_class_embeds"),
              width);
      case TIMESTEP -> {
        Value numbers = Value.input("class_labels", DType.FLOAT32, Dims.parse("batch"));
        yield TimeEmbedding.layers(scope, time.project(root, numbers), width, activation);
      }
      case IDENTITY -> labels(width);
      case PROJECTION ->
          TimeEmbedding.layers(scope, labels(projectionWidth()), width, Activation.SILU);
      case SIMPLE_PROJECTION -> root.linear("class_embedding", labels(projectionWidth()), width);
    };
  }

  private static Value labels(int size) {
    return Value.input("class_labels", DType.FLOAT32, Dims.parse("batch", size));
  }

  private int projectionWidth() {
    return config.integer("projection_class_embeddings_input_dim");
  }

  /** How many numbers there are beside the pooled text is for the caller to say. */
  private Value textAndTime(Scope root) {
    Value pooled = Value.input("text_embeds", DType.FLOAT32, Dims.parse("batch", "pooled"));
    Value numbers = Value.input("time_ids", DType.FLOAT32, Dims.parse("batch", "ids"));
    int size = config.integer("addition_time_embed_dim");
    Value embedded =
        TimeEmbedding.sinusoids(numbers.unsqueeze(2), size, time.cosineFirst(), time.shift())
            .reshape(0, -1);
    Scope scope = root.at("add_embedding");
    Value joined = Value.concat(1, pooled, embedded);
    Value h = Activation.SILU.apply(scope.linear("linear_1", joined, projectionWidth(), width));
    return scope.linear("linear_2", h, width);
  }

  /** The text pooled by attention from its mean, as DeepFloyd IF does. */
  private Value pooledText(Scope scope, Value text) {
    Value tokens = scope.layerNorm("norm1", text, EPSILON);
    int textWidth = inputs.textWidth();
    Scope pool = scope.at("pool");
    Value mean = tokens.mean(1).add(pool.parameter("positional_embedding", 1, textWidth));
    Value all = Value.concat(1, mean, tokens);
    Value pooled =
        pool.linear("q_proj", mean, textWidth)
            .multiHeadAttention(
                pool.linear("k_proj", all, textWidth),
                pool.linear("v_proj", all, textWidth),
                config.integer("addition_embed_type_num_heads", 64),
                false);
    Value projected = scope.linear("proj", pooled.squeeze(1), width);
    return scope.layerNorm("norm2", projected, EPSILON);
  }

  private Activation activation(String field) {
    return Activation.of(config.source() + ": " + field, config.string(field));
  }
}
