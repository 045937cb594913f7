package dev.palimpsest.model;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.tensor.Tensor;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/**
 * The fields of an autoencoder's {@code config.json}, with the defaults that diffusers has for
 * missing ones. Immutable. Reference: diffusers models/autoencoders/autoencoder_kl.py.
 *
 * @param sampleSize the side of the pictures it was trained on; tiles have this size
 * @param scalingFactor what latents are multiplied with to have a standard deviation of one
 * @param shiftFactor what is taken from latents before that; 0 where null
 * @param latentsMean for each channel, 0 where null
 * @param latentsStd for each channel, 1 where null
 * @param forceUpcast whether half precision overflows in this network
 */
public record AutoencoderKLConfig(
    int inChannels,
    int outChannels,
    List<Integer> blockOutChannels,
    int layersPerBlock,
    String actFn,
    int latentChannels,
    int normNumGroups,
    int sampleSize,
    double scalingFactor,
    double shiftFactor,
    List<Double> latentsMean,
    List<Double> latentsStd,
    boolean forceUpcast,
    boolean useQuantConv,
    boolean usePostQuantConv,
    boolean midBlockAddAttention) {
  private static final String DOWN = "DownEncoderBlock2D";
  private static final String UP = "UpDecoderBlock2D";
  private static final Set<String> FIELDS =
      Set.of(
          "in_channels",
          "out_channels",
          "down_block_types",
          "up_block_types",
          "block_out_channels",
          "layers_per_block",
          "act_fn",
          "latent_channels",
          "norm_num_groups",
          "sample_size",
          "scaling_factor",
          "shift_factor",
          "latents_mean",
          "latents_std",
          "force_upcast",
          "use_quant_conv",
          "use_post_quant_conv",
          "mid_block_add_attention");

  public AutoencoderKLConfig {
    blockOutChannels = List.copyOf(blockOutChannels);
    latentsMean = List.copyOf(latentsMean);
    latentsStd = List.copyOf(latentsStd);
  }

  /**
   * @throws UnsupportedModelException if the configuration has a field, block or activation that
   *     this library does not know
   * @throws IllegalArgumentException if a field has an impossible value
   */
  public static AutoencoderKLConfig of(Config config) {
    config.checkKnown(FIELDS);
    String activation = config.string("act_fn", "silu");
    Activation.of(config.source() + ": act_fn", activation);
    int latentChannels = positive(config, "latent_channels", 4);
    var read =
        new AutoencoderKLConfig(
            positive(config, "in_channels", 3),
            positive(config, "out_channels", 3),
            config.integers("block_out_channels", List.of(64)),
            positive(config, "layers_per_block", 1),
            activation,
            latentChannels,
            positive(config, "norm_num_groups", 32),
            config.integers("sample_size", List.of(32)).get(0),
            config.number("scaling_factor", 0.18215),
            config.optionalNumber("shift_factor").orElse(0),
            perChannel(config, "latents_mean", latentChannels, 0),
            perChannel(config, "latents_std", latentChannels, 1),
            config.bool("force_upcast", true),
            config.bool("use_quant_conv", true),
            config.bool("use_post_quant_conv", true),
            config.bool("mid_block_add_attention", true));
    read.check(config);
    return read;
  }

  private void check(Config config) {
    checkArgument(!blockOutChannels.isEmpty(), "%s: block_out_channels is empty", config.source());
    checkBlocks(config, "down_block_types", DOWN);
    checkBlocks(config, "up_block_types", UP);
    for (int channels : blockOutChannels) {
      checkArgument(
          channels > 0 && channels % normNumGroups == 0,
          "%s: block_out_channels %s do not divide into norm_num_groups = %s groups",
          config.source(),
          blockOutChannels,
          normNumGroups);
    }
    checkArgument(
        sampleSize >= downscale(),
        "%s: sample_size must be at least %s, was %s",
        config.source(),
        downscale(),
        sampleSize);
    checkArgument(
        scalingFactor != 0 && Double.isFinite(scalingFactor),
        "%s: scaling_factor must be finite and not 0, was %s",
        config.source(),
        scalingFactor);
    checkArgument(
        config.isNull("latents_mean") == config.isNull("latents_std"),
        "%s: of latents_mean and latents_std one is given without the other",
        config.source());
  }

  private void checkBlocks(Config config, String field, String known) {
    List<String> types = config.strings(field, List.of(known));
    for (String type : types) {
      if (!type.equals(known)) {
        throw new UnsupportedModelException(
            String.format(
                "%s: %s has %s, which is not supported; known is %s",
                config.source(), field, type, known));
      }
    }
    checkArgument(
        types.size() == blockOutChannels.size(),
        "%s: %s has %s blocks, block_out_channels %s",
        config.source(),
        field,
        types.size(),
        blockOutChannels.size());
  }

  private static int positive(Config config, String field, int missing) {
    int value = config.integer(field, missing);
    checkArgument(value > 0, "%s: %s must be positive, was %s", config.source(), field, value);
    return value;
  }

  private static List<Double> perChannel(Config config, String field, int count, double missing) {
    if (config.isNull(field)) {
      return Collections.nCopies(count, missing);
    }
    List<Double> values = config.numbers(field);
    checkArgument(
        values.size() == count,
        "%s: %s needs %s numbers, one for each latent channel, was %s",
        config.source(),
        field,
        count,
        values);
    return values;
  }

  /** How many pixels a latent is wide and high. */
  public int downscale() {
    return 1 << (blockOutChannels.size() - 1);
  }

  /**
   * What the encoder gives, as the denoiser takes it.
   *
   * @param encoded float32 [batch, latent_channels, height, width]
   */
  public Tensor scale(Tensor encoded) {
    return perChannel(encoded, (z, mean, std) -> (z - mean) * (float) scalingFactor / std);
  }

  /**
   * What the denoiser gives, as the decoder takes it; the inverse of {@link #scale}.
   *
   * @param latents float32 [batch, latent_channels, height, width]
   */
  public Tensor unscale(Tensor latents) {
    return perChannel(latents, (z, mean, std) -> z * std / (float) scalingFactor + mean);
  }

  private interface Change {
    float of(float value, float mean, float std);
  }

  private Tensor perChannel(Tensor latents, Change change) {
    checkArgument(
        latents.shape().rank() == 4 && latents.shape().dim(1) == latentChannels,
        "latents must be [batch, %s, height, width], were %s",
        latentChannels,
        latents.shape());
    float[] in = latents.floats();
    float[] out = new float[in.length];
    int plane = Math.toIntExact(latents.shape().dim(2) * latents.shape().dim(3));
    for (int from = 0, row = 0; from < in.length; from += plane, row++) {
      int channel = row % latentChannels;
      float mean = (float) (latentsMean.get(channel) + shiftFactor);
      float std = latentsStd.get(channel).floatValue();
      for (int i = from; i < from + plane; i++) {
        out[i] = change.of(in[i], mean, std);
      }
    }
    return Tensor.of(latents.shape(), out);
  }
}
