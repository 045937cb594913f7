package dev.palimpsest.examples.fashion;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.Weights;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The study's network: a U-Net conditioned on the class that predicts the noise of grey pictures
 * and where its variance lies (Nichol and Dhariwal 2021). Attention on the lowest level only.
 *
 * @param side height and width of the pictures, divisible by 2 once a level but the last
 * @param channels of each level, divisible by {@value #GROUPS}
 * @param layers residual blocks a level on the way down
 */
public record FashionUNet(int side, List<Integer> channels, int layers) {
  /** T. */
  public static final int TIMESTEPS = 1000;

  static final int GROUPS = 8;

  public FashionUNet {
    channels = List.copyOf(channels);
    checkArgument(!channels.isEmpty(), "there must be a level");
    int factor = 1 << (channels.size() - 1);
    checkArgument(
        side > 0 && side % factor == 0,
        "%s levels need pictures whose side is divisible by %s, was %s",
        channels.size(),
        factor,
        side);
    for (int count : channels) {
      checkArgument(
          count > 0 && count % GROUPS == 0,
          "channels must be divisible by %s, were %s",
          GROUPS,
          channels);
    }
    checkArgument(layers >= 1, "layers must be >= 1, were %s", layers);
  }

  /** As diffusers' UNet2DModel has it. */
  public Config config() {
    List<String> down = new ArrayList<>(Collections.nCopies(channels.size() - 1, "DownBlock2D"));
    down.add("AttnDownBlock2D");
    List<String> up = new ArrayList<>(Collections.nCopies(channels.size() - 1, "UpBlock2D"));
    up.add(0, "AttnUpBlock2D");
    Map<String, Object> fields = new TreeMap<>();
    fields.put("_class_name", "UNet2DModel");
    fields.put("sample_size", side);
    fields.put("in_channels", 1);
    fields.put("out_channels", 2);
    fields.put("block_out_channels", channels);
    fields.put("layers_per_block", layers);
    fields.put("down_block_types", down);
    fields.put("up_block_types", up);
    fields.put("norm_num_groups", GROUPS);
    fields.put("attention_head_dim", 8);
    fields.put("num_class_embeds", FashionMnist.CLASSES.size());
    return Config.of(fields);
  }

  /** How it is trained, and sampled from unless told otherwise. */
  public static Config scheduler() {
    Map<String, Object> fields = new TreeMap<>();
    fields.put("_class_name", "DDPMScheduler");
    fields.put("num_train_timesteps", TIMESTEPS);
    fields.put("beta_schedule", "squaredcos_cap_v2");
    fields.put("variance_type", "learned_range");
    fields.put("prediction_type", "epsilon");
    fields.put("clip_sample", true);
    fields.put("timestep_spacing", "trailing");
    return Config.of(fields);
  }

  /** A checkpoint that a pipeline opens. */
  public Checkpoint checkpoint(Weights weights) {
    return Checkpoint.of(
        Config.of(Map.of("_class_name", "DDPMPipeline")),
        List.of(
            Component.network("unet", "UNet2DModel", config(), weights),
            Component.scheduler("DDPMScheduler", scheduler())));
  }
}
