package dev.palimpsest.model;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The autoencoder of latent diffusion (Rombach et al. 2022) as functions from its configuration to
 * graphs of its two halves. Reference: diffusers models/autoencoders/autoencoder_kl.py and vae.py.
 *
 * <p>Pictures are float32 [batch, channels, height, width] in [-1, 1] whose height and width are
 * multiples of {@link AutoencoderKLConfig#downscale}; latents are as much smaller.
 */
public final class AutoencoderKL {
  public static final String SAMPLE = "sample";
  public static final String LATENT_SAMPLE = "latent_sample";
  public static final String LATENT_PARAMETERS = "latent_parameters";

  private static final float EPSILON = 1e-6f;

  private final AutoencoderKLConfig config;
  private final ResnetBlock2D resnet;

  private AutoencoderKL(AutoencoderKLConfig config) {
    this.config = config;
    this.resnet =
        new ResnetBlock2D(
            config.normNumGroups(), EPSILON, Activation.of("act_fn", config.actFn()), false, 1);
  }

  /**
   * The encoder: {@value #SAMPLE}, a picture, to {@value #LATENT_PARAMETERS} [batch, 2 ·
   * latent_channels, height, width], the means and logarithms of variances that {@link
   * LatentDistribution} takes.
   *
   * @throws dev.palimpsest.errors.UnsupportedModelException if the configuration names what this
   *     library does not run
   * @throws IllegalArgumentException if a field has an impossible value
   */
  public static Graph encoderGraph(Config config) {
    var network = new AutoencoderKL(AutoencoderKLConfig.of(config));
    Value sample = input(SAMPLE, network.config.inChannels());
    return Graph.of("vae_encoder", LATENT_PARAMETERS, through(network.encoder(), sample));
  }

  /**
   * The decoder: {@value #LATENT_SAMPLE} [batch, latent_channels, height, width], latents that
   * {@link AutoencoderKLConfig#unscale} made, to {@value #SAMPLE}, a picture, not clamped.
   *
   * @throws dev.palimpsest.errors.UnsupportedModelException if the configuration names what this
   *     library does not run
   * @throws IllegalArgumentException if a field has an impossible value
   */
  public static Graph decoderGraph(Config config) {
    var network = new AutoencoderKL(AutoencoderKLConfig.of(config));
    Value latents = input(LATENT_SAMPLE, network.config.latentChannels());
    return Graph.of("vae_decoder", SAMPLE, through(network.decoder(), latents));
  }

  private static Value input(String name, int channels) {
    return Value.input(name, DType.FLOAT32, Dims.parse("batch", channels, "height", "width"));
  }

  /** The stages of {@link #encoderGraph}, with the same weights. */
  public static List<Stage> encoderStages(Config config) {
    return new AutoencoderKL(AutoencoderKLConfig.of(config)).encoder();
  }

  /** The stages of {@link #decoderGraph}, with the same weights. */
  public static List<Stage> decoderStages(Config config) {
    return new AutoencoderKL(AutoencoderKLConfig.of(config)).decoder();
  }

  private static Value through(List<Stage> stages, Value x) {
    Value out = x;
    for (Stage stage : stages) {
      out = stage.network().apply(out);
    }
    return out;
  }

  private List<Stage> encoder() {
    Scope scope = Scope.of("encoder");
    List<Integer> widths = config.blockOutChannels();
    var stages = new ArrayList<Stage>();
    int channels = config.inChannels();
    for (int i = 0; i < widths.size(); i++) {
      int width = widths.get(i);
      for (int j = 0; j < config.layersPerBlock(); j++) {
        boolean first = stages.isEmpty();
        boolean last = j == config.layersPerBlock() - 1 && i < widths.size() - 1;
        Scope block = scope.at("down_blocks", i);
        Scope layer = block.at("resnets", j);
        UnaryOperator<Value> entry = x -> first ? scope.conv("conv_in", x, width, 3) : x;
        // Zeros at the bottom and right only, as diffusers' Downsample2D with padding 0.
        UnaryOperator<Value> exit =
            x -> last ? block.at("downsamplers", 0).conv("conv", x, width, 3, 2, 0, 0, 1, 1) : x;
        Stage stage =
            Stage.of(
                layer.path(),
                channels,
                x -> exit.apply(resnet.apply(layer, entry.apply(x), null, width)));
        stages.add(last ? stage.shrinking() : stage);
        channels = width;
      }
    }
    stages.addAll(middle(scope.at("mid_block"), channels, channels, x -> x));
    stages.add(Stage.of("encoder.head", channels, x -> moments(scope, x)));
    return stages;
  }

  private Value moments(Scope scope, Value x) {
    int moments = 2 * config.latentChannels();
    Value out = head(scope, x, moments);
    return config.useQuantConv() ? Scope.root().conv("quant_conv", out, moments, 1) : out;
  }

  private List<Stage> decoder() {
    Scope scope = Scope.of("decoder");
    List<Integer> widths = config.blockOutChannels();
    int last = widths.size() - 1;
    int channels = widths.get(last);
    var stages =
        new ArrayList<>(
            middle(
                scope.at("mid_block"),
                config.latentChannels(),
                channels,
                z -> scope.conv("conv_in", unquantized(z), widths.get(last), 3)));
    for (int i = 0; i <= last; i++) {
      int width = widths.get(last - i);
      for (int j = 0; j <= config.layersPerBlock(); j++) {
        boolean enlarges = i > 0 && j == 0;
        Scope layer = scope.at("up_blocks", i).at("resnets", j);
        Scope upsampler = scope.at("up_blocks", i - 1).at("upsamplers", 0);
        int before = channels;
        UnaryOperator<Value> entry =
            x -> enlarges ? upsampler.conv("conv", x.resizeNearest(2), before, 3) : x;
        Stage stage =
            Stage.of(layer.path(), channels, x -> resnet.apply(layer, entry.apply(x), null, width));
        stages.add(enlarges ? stage.enlarging() : stage);
        channels = width;
      }
    }
    stages.add(Stage.of("decoder.head", channels, x -> head(scope, x, config.outChannels())));
    return stages;
  }

  private Value unquantized(Value latents) {
    return config.usePostQuantConv()
        ? Scope.root().conv("post_quant_conv", latents, config.latentChannels(), 1)
        : latents;
  }

  private List<Stage> middle(Scope scope, int inChannels, int width, UnaryOperator<Value> entry) {
    Scope first = scope.at("resnets", 0);
    Scope second = scope.at("resnets", 1);
    var stages = new ArrayList<Stage>();
    stages.add(
        Stage.of(first.path(), inChannels, x -> resnet.apply(first, entry.apply(x), null, width)));
    if (config.midBlockAddAttention()) {
      Scope attention = scope.at("attentions", 0);
      var settings = new Attention.Block(width, config.normNumGroups(), EPSILON, 1);
      stages.add(
          Stage.of(attention.path(), width, x -> Attention.block(attention, x, settings)).global());
    }
    stages.add(Stage.of(second.path(), width, x -> resnet.apply(second, x, null, width)));
    return stages;
  }

  /** The last layers, whose activation is SiLU whatever {@code act_fn} says. */
  private Value head(Scope scope, Value x, int channels) {
    Value normal = scope.groupNorm("conv_norm_out", x, config.normNumGroups(), EPSILON);
    return scope.conv("conv_out", normal.silu(), channels, 3);
  }
}
