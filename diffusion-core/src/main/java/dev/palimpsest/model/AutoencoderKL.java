package dev.palimpsest.model;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import java.util.List;

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
    return Graph.of("vae_encoder", LATENT_PARAMETERS, network.encoder(sample));
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
    return Graph.of("vae_decoder", SAMPLE, network.decoder(latents));
  }

  private static Value input(String name, int channels) {
    return Value.input(name, DType.FLOAT32, Dims.parse("batch", channels, "height", "width"));
  }

  private Value encoder(Value sample) {
    Scope scope = Scope.of("encoder");
    List<Integer> widths = config.blockOutChannels();
    Value x = scope.conv("conv_in", sample, widths.get(0), 3);
    for (int i = 0; i < widths.size(); i++) {
      Scope block = scope.at("down_blocks", i);
      x = resnets(block, x, widths.get(i), config.layersPerBlock());
      if (i < widths.size() - 1) {
        // Zeros at the bottom and right only, as diffusers' Downsample2D with padding 0.
        x = block.at("downsamplers", 0).conv("conv", x, widths.get(i), 3, 2, 0, 0, 1, 1);
      }
    }
    int moments = 2 * config.latentChannels();
    Value out = head(scope, middle(scope.at("mid_block"), x), moments);
    return config.useQuantConv() ? Scope.root().conv("quant_conv", out, moments, 1) : out;
  }

  private Value decoder(Value latents) {
    Scope scope = Scope.of("decoder");
    List<Integer> widths = config.blockOutChannels();
    int last = widths.size() - 1;
    Value z =
        config.usePostQuantConv()
            ? Scope.root().conv("post_quant_conv", latents, config.latentChannels(), 1)
            : latents;
    Value x = middle(scope.at("mid_block"), scope.conv("conv_in", z, widths.get(last), 3));
    for (int i = 0; i <= last; i++) {
      Scope block = scope.at("up_blocks", i);
      int width = widths.get(last - i);
      x = resnets(block, x, width, config.layersPerBlock() + 1);
      if (i < last) {
        x = block.at("upsamplers", 0).conv("conv", x.resizeNearest(2), width, 3);
      }
    }
    return head(scope, x, config.outChannels());
  }

  private Value resnets(Scope block, Value x, int width, int count) {
    Value out = x;
    for (int i = 0; i < count; i++) {
      out = resnet.apply(block.at("resnets", i), out, null, width);
    }
    return out;
  }

  private Value middle(Scope scope, Value x) {
    int width = (int) x.dim(1).size();
    Value out = resnet.apply(scope.at("resnets", 0), x, null, width);
    if (config.midBlockAddAttention()) {
      var settings = new Attention.Block(width, config.normNumGroups(), EPSILON, 1);
      out = new Attention(List.of()).block(scope.at("attentions", 0), out, settings);
    }
    return resnet.apply(scope.at("resnets", 1), out, null, width);
  }

  /** The last layers, whose activation is SiLU whatever {@code act_fn} says. */
  private Value head(Scope scope, Value x, int channels) {
    Value normal = scope.groupNorm("conv_norm_out", x, config.normNumGroups(), EPSILON);
    return scope.conv("conv_out", normal.silu(), channels, 3);
  }
}
