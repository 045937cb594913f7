package dev.palimpsest.model;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import com.google.common.collect.Lists;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.model.UNetBlocks.Layer;
import dev.palimpsest.model.UNetBlocks.Level;
import dev.palimpsest.model.UNetBlocks.Mixing;
import dev.palimpsest.model.UNetBlocks.Type;
import dev.palimpsest.tensor.DType;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/** Builds one text-conditioned U-Net from its configuration. */
final class UNet2DConditionBuilder {
  private final Config config;
  private final UNet2DConditionConfig inputs;
  private final Scope root = Scope.root();

  private final List<Integer> channels;
  private final int levels;
  private final int groups;
  private final float epsilon;
  private final Activation activation;

  private final Value text;
  private final UNetBlocks blocks;
  private final UNetBlocks conditionedBlocks;

  UNet2DConditionBuilder(Config config) {
    this.config = config;
    inputs = UNet2DConditionConfig.of(config);
    channels = config.integers("block_out_channels", List.of(320, 640, 1280, 1280));
    levels = channels.size();
    groups = Choice.normGroups(config);
    epsilon = (float) config.number("norm_eps", 1e-5);
    activation = activation("act_fn", "silu");

    Value encoded =
        Value.input(
            "encoder_hidden_states",
            DType.FLOAT32,
            Dims.parse("batch", "tokens", inputs.textWidth()));
    Value time = new UNet2DConditionEmbedding(config, inputs, activation).apply(root, encoded);
    text =
        config.isNull("encoder_hid_dim")
            ? encoded
            : root.linear(
                "encoder_hid_proj", encoded, UNet2DConditionConfig.crossAttentionWidth(config));

    var resnet = new ResnetBlock2D(groups, epsilon, activation, Choice.scaleShift(config), 1);
    int padding = config.integer("downsample_padding", 1);
    Value activated = activation.apply(time);
    blocks = new UNetBlocks(resnet, activated, padding);
    conditionedBlocks =
        new UNetBlocks(
            resnet.withOutputScale((float) config.number("resnet_out_scale_factor", 1)),
            config.bool("resnet_skip_time_act", false) ? time : activated,
            padding);
  }

  Graph build() {
    Value sample =
        Value.input(
            "sample", DType.FLOAT32, Dims.parse("batch", inputs.inChannels(), "height", "width"));
    if (config.bool("center_input_sample", false)) {
      sample = sample.mul(2f).add(-1f);
    }
    Deque<Value> skips = new ArrayDeque<>();
    Value h = root.conv("conv_in", sample, channels.get(0), config.integer("conv_in_kernel", 3));
    skips.push(h);
    h = down(h, skips);
    h = middle(h);
    h = up(h, skips);
    h = activation.apply(root.groupNorm("conv_norm_out", h, groups, epsilon));
    int kernel = config.integer("conv_out_kernel", 3);
    return Graph.of("unet", "out_sample", root.conv("conv_out", h, inputs.outChannels(), kernel));
  }

  private Value down(Value x, Deque<Value> skips) {
    List<Type> types = types("down_block_types", DEFAULT_DOWN, UNetBlocks.DOWN);
    List<Integer> layers = perLevel("layers_per_block", 2);
    List<List<Integer>> depths = depths("transformer_layers_per_block");
    List<Integer> heads = perLevel("attention_head_dim", 8);
    List<Boolean> onlyText = onlyText();
    Value h = x;
    for (int i = 0; i < levels; i++) {
      Type type = types.get(i);
      var mixer = new Mixer(heads.get(i), heads.get(i), depths.get(i), onlyText.get(i));
      var level =
          new Level(
              channels.get(i),
              layers.get(i),
              i + 1 < levels,
              type.resnetResize(),
              mixer.layer(type.mixing()));
      h = blocks(type).down(root.at("down_blocks", i), h, level, skips);
    }
    return h;
  }

  private Value middle(Value x) {
    if (config.has("mid_block_type") && config.isNull("mid_block_type")) {
      return x;
    }
    Mixing mixing =
        Choice.of(
            config,
            "mid_block_type",
            config.string("mid_block_type", "UNetMidBlock2DCrossAttn"),
            UNetBlocks.MIDDLE);
    int last = levels - 1;
    int heads = perLevel("attention_head_dim", 8).get(last);
    boolean onlyText = mixing == Mixing.ADDED_KEYS && middleOnlyText();
    var mixer = new Mixer(heads, heads, depths("transformer_layers_per_block").get(last), onlyText);
    float scale = (float) config.number("mid_block_scale_factor", 1);
    // Of the middle blocks, only the one with added keys may skip the time embedding's activation.
    Value time = mixing == Mixing.ADDED_KEYS ? conditionedBlocks.time() : blocks.time();
    int layers = mixing == Mixing.NONE ? 0 : 1;
    var level = new Level(channels.get(last), layers, false, false, mixer.layer(mixing));
    return new UNetBlocks(blocks.resnet().withOutputScale(scale), time, blocks.padding())
        .middle(root.at("mid_block"), x, level);
  }

  private Value up(Value x, Deque<Value> skips) {
    List<Type> types = types("up_block_types", DEFAULT_UP, UNetBlocks.UP);
    List<Integer> layers = Lists.reverse(perLevel("layers_per_block", 2));
    List<Integer> heads = perLevel("attention_head_dim", 8);
    List<Boolean> onlyText = Lists.reverse(onlyText());
    Value h = x;
    for (int i = 0; i < levels; i++) {
      int counterpart = levels - 1 - i;
      Type type = types.get(i);
      // Heads are those of the counterpart, head widths (the same field) are not: as the reference.
      var mixer =
          new Mixer(heads.get(counterpart), heads.get(i), upDepths().get(i), onlyText.get(i));
      var level =
          new Level(
              channels.get(counterpart),
              layers.get(i) + 1,
              i + 1 < levels,
              type.resnetResize(),
              mixer.layer(type.mixing()));
      h = blocks(type).up(root.at("up_blocks", i), h, level, skips);
    }
    return h;
  }

  /** Blocks that change size by residual blocks are those with the extra options. */
  private UNetBlocks blocks(Type type) {
    return type.resnetResize() ? conditionedBlocks : blocks;
  }

  /**
   * Makes the attention layers of one block.
   *
   * @param depths the transformer blocks in each layer; one number stands for all layers
   */
  private final class Mixer {
    private final int heads;
    private final int headSize;
    private final List<Integer> depths;
    private final boolean onlyText;

    Mixer(int heads, int headSize, List<Integer> depths, boolean onlyText) {
      this.heads = heads;
      this.headSize = headSize;
      this.depths = depths;
      this.onlyText = onlyText;
    }

    Layer layer(Mixing mixing) {
      return switch (mixing) {
        case NONE -> (scope, index, x) -> x;
        case SELF -> self();
        case TRANSFORMER -> transformer();
        case ADDED_KEYS -> addedKeys();
      };
    }

    private Layer self() {
      var settings = new Attention.Block(headSize, groups, epsilon, 1);
      return (scope, i, x) -> Attention.block(scope.at("attentions", i), x, settings);
    }

    private Layer transformer() {
      boolean linear = config.bool("use_linear_projection", false);
      var transformer = new Transformer2D(heads, groups, linear, onlyText);
      return (scope, i, x) ->
          transformer.apply(
              scope.at("attentions", i), x, text, depths.get(depths.size() == 1 ? 0 : i));
    }

    private Layer addedKeys() {
      Attention.TextNorm norm =
          config
              .optionalString("cross_attention_norm")
              .map(name -> Choice.of(config, "cross_attention_norm", name, TEXT_NORMS))
              .orElse(Attention.TextNorm.NONE);
      var settings = new Attention.AddedKeys(headSize, groups, onlyText, norm);
      return (scope, i, x) -> Attention.addedKeys(scope.at("attentions", i), x, text, settings);
    }
  }

  private static final Map<String, Attention.TextNorm> TEXT_NORMS =
      Map.of("layer_norm", Attention.TextNorm.LAYER, "group_norm", Attention.TextNorm.GROUP);
  private static final List<String> DEFAULT_DOWN =
      List.of(
          "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D");
  private static final List<String> DEFAULT_UP =
      List.of("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D");

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

  private List<Integer> perLevel(String field, int missing) {
    return config.has(field)
        ? config.integers(field, levels)
        : Collections.nCopies(levels, missing);
  }

  private List<List<Integer>> depths(String field) {
    return config.has(field)
        ? config.nestedIntegers(field, levels)
        : Collections.nCopies(levels, List.of(1));
  }

  private List<List<Integer>> upDepths() {
    if (!config.isNull("reverse_transformer_layers_per_block")) {
      return depths("reverse_transformer_layers_per_block");
    }
    List<List<Integer>> down = depths("transformer_layers_per_block");
    checkArgument(
        down.stream().allMatch(depth -> depth.size() == 1),
        "%s: nested transformer_layers_per_block = %s needs reverse_transformer_layers_per_block",
        config.source(),
        down);
    return Lists.reverse(down);
  }

  private List<Boolean> onlyText() {
    return config.has("only_cross_attention")
        ? config.bools("only_cross_attention", levels)
        : Collections.nCopies(levels, false);
  }

  private boolean middleOnlyText() {
    if (!config.isNull("mid_block_only_cross_attention")) {
      return config.bool("mid_block_only_cross_attention");
    }
    Object all = config.asMap().get("only_cross_attention");
    return all instanceof Boolean && (Boolean) all;
  }

  private Activation activation(String field, String missing) {
    return Activation.of(config.source() + ": " + field, config.string(field, missing));
  }
}
