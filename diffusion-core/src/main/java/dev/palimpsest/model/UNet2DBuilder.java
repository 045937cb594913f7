package dev.palimpsest.model;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import com.google.common.collect.Lists;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.model.TimeEmbedding.Projection;
import dev.palimpsest.model.UNetBlocks.Layer;
import dev.palimpsest.model.UNetBlocks.Level;
import dev.palimpsest.model.UNetBlocks.Mixing;
import dev.palimpsest.model.UNetBlocks.Type;
import dev.palimpsest.tensor.DType;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Builds one U-Net without text from its configuration. */
final class UNet2DBuilder {
  private static final List<String> DEFAULT_DOWN =
      List.of("DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D");
  private static final List<String> DEFAULT_UP =
      List.of("AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D");
  private static final Map<String, Projection> PROJECTIONS =
      Map.of(
          "positional", Projection.SINUSOIDS,
          "fourier", Projection.LOG_FOURIER,
          "learned", Projection.LEARNED);
  private static final Map<String, Boolean> RESIZES = Map.of("conv", false, "resnet", true);

  private final Config config;
  private final UNet2DConfig inputs;
  private final Scope root = Scope.root();

  private final List<Integer> channels;
  private final int levels;
  private final int groups;
  private final float epsilon;
  private final boolean scaleShift;
  private final TimeEmbedding time;
  private final Value timestep;
  private final UNetBlocks blocks;

  UNet2DBuilder(Config config) {
    this.config = config;
    inputs = UNet2DConfig.of(config);
    channels = config.integers("block_out_channels", List.of(224, 448, 672, 896));
    levels = channels.size();
    groups = Choice.normGroups(config);
    epsilon = (float) config.number("norm_eps", 1e-5);
    scaleShift = Choice.scaleShift(config);
    time = timeProjection();
    timestep = Value.input("timestep", DType.FLOAT32, Dims.parse("timesteps"));
    Activation activation =
        Activation.of(config.source() + ": act_fn", config.string("act_fn", "silu"));
    blocks =
        new UNetBlocks(
            new ResnetBlock2D(groups, epsilon, activation, scaleShift, 1),
            activation.apply(embedding()),
            config.integer("downsample_padding", 1));
  }

  private TimeEmbedding timeProjection() {
    Projection projection =
        Choice.of(
            config,
            "time_embedding_type",
            config.string("time_embedding_type", "positional"),
            PROJECTIONS);
    boolean fourier = projection == Projection.LOG_FOURIER;
    return new TimeEmbedding(
        projection,
        fourier ? 2 * channels.get(0) : channels.get(0),
        !fourier && config.bool("flip_sin_to_cos", true),
        (float) config.number("freq_shift", 0),
        projection == Projection.LEARNED ? config.integer("num_train_timesteps") : 0);
  }

  private Value embedding() {
    int width = config.optionalInteger("time_embedding_dim").orElse(4 * channels.get(0));
    Value out =
        TimeEmbedding.layers(
            root.at("time_embedding"), time.project(root, timestep), width, Activation.SILU);
    return inputs.classEmbedding() == ClassEmbedding.NONE ? out : classEmbedding(width).add(out);
  }

  private Value classEmbedding(int width) {
    switch (inputs.classEmbedding()) {
      case LABEL:
        Value labels = Value.input("class_labels", DType.INT64, Dims.parse("batch"));
        return root.embedding("class_embedding", labels, inputs.classes().orElseThrow(), width);
      case TIMESTEP:
        Value numbers = Value.input("class_labels", DType.FLOAT32, Dims.parse("batch"));
        return TimeEmbedding.layers(
            root.at("class_embedding"), time.project(root, numbers), width, Activation.SILU);
      case IDENTITY:
        return Value.input("class_labels", DType.FLOAT32, Dims.parse("batch", width));
      default:
        throw new IllegalStateException("class embedding " + inputs.classEmbedding());
    }
  }

  Graph build() {
    Value sample =
        Value.input(
            "sample", DType.FLOAT32, Dims.parse("batch", inputs.inChannels(), "height", "width"));
    if (config.bool("center_input_sample", false)) {
      sample = sample.mul(2f).add(-1f);
    }
    Deque<Value> skips = new ArrayDeque<>();
    Value h = root.conv("conv_in", sample, channels.get(0), 3);
    skips.push(h);
    h = down(h, skips);
    h = middle(h);
    h = up(h, skips);
    h = Activation.SILU.apply(root.groupNorm("conv_norm_out", h, groups, epsilon));
    h = root.conv("conv_out", h, inputs.outChannels(), 3);
    if (time.projection() == Projection.LOG_FOURIER) {
      h = h.div(timestep.unsqueeze(1, 2, 3));
    }
    return Graph.of("unet", "out_sample", h);
  }

  private Value down(Value x, Deque<Value> skips) {
    List<Type> types = types("down_block_types", DEFAULT_DOWN, UNetBlocks.UNCONDITIONAL_DOWN);
    Value h = x;
    for (int i = 0; i < levels; i++) {
      Level level = level(types.get(i), channels.get(i), i, "downsample_type");
      h = blocks.down(root.at("down_blocks", i), h, level, skips);
    }
    return h;
  }

  private Value middle(Value x) {
    if (config.has("mid_block_type") && config.isNull("mid_block_type")) {
      return x;
    }
    Choice.of(
        config,
        "mid_block_type",
        config.string("mid_block_type", "UNetMidBlock2D"),
        Map.of("UNetMidBlock2D", true));
    int last = channels.get(levels - 1);
    float scale = (float) config.number("mid_block_scale_factor", 1);
    Layer layer =
        config.bool("add_attention", true)
            ? self(new Attention.Block(headSize(last), middleGroups(), epsilon, scale))
            : (scope, i, h) -> h;
    ResnetBlock2D resnet = blocks.resnet().withOutputScale(scale);
    return new UNetBlocks(resnet, blocks.time(), blocks.padding())
        .middle(root.at("mid_block"), x, new Level(last, 1, false, false, layer));
  }

  private @Nullable Integer middleGroups() {
    if (!config.isNull("attn_norm_num_groups")) {
      return config.integer("attn_norm_num_groups");
    }
    return scaleShift ? null : groups;
  }

  private Value up(Value x, Deque<Value> skips) {
    List<Type> types = types("up_block_types", DEFAULT_UP, UNetBlocks.UNCONDITIONAL_UP);
    Value h = x;
    for (int i = 0; i < levels; i++) {
      Level level = level(types.get(i), channels.get(levels - 1 - i), i, "upsample_type");
      var taller =
          new Level(
              level.channels(),
              level.layers() + 1,
              level.resized(),
              level.resnetResize(),
              level.attention());
      h = blocks.up(root.at("up_blocks", i), h, taller, skips);
    }
    return h;
  }

  private Level level(Type type, int width, int index, String resizeField) {
    boolean resnet =
        Choice.of(config, resizeField, config.optionalString(resizeField).orElse("conv"), RESIZES);
    boolean attends = type.mixing() == Mixing.SELF;
    return new Level(
        width,
        config.integer("layers_per_block", 2),
        index + 1 < levels,
        type.resnetResize() || (attends && resnet),
        attends
            ? self(new Attention.Block(headSize(width), groups, epsilon, 1))
            : (scope, i, h) -> h);
  }

  private Layer self(Attention.Block settings) {
    return (scope, i, x) -> Attention.block(scope.at("attentions", i), x, settings);
  }

  /** Without a width for heads there is one head. */
  private int headSize(int width) {
    if (config.has("attention_head_dim")) {
      return config.optionalInteger("attention_head_dim").orElse(width);
    }
    return 8;
  }

  private List<Type> types(String field, List<String> missing, Map<String, Type> table) {
    List<String> names = config.strings(field, missing);
    checkArgument(
        names.size() == levels,
        "%s: %s = %s needs as many entries as block_out_channels = %s",
        config.source(),
        field,
        names,
        channels);
    return Lists.transform(
        names, name -> Choice.of(config, field, UNetBlocks.current(requireNonNull(name)), table));
  }
}
