package dev.palimpsest.lora;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.List;

/**
 * Which modules a LoRA is trained for: those whose name is one of these or ends in a dot and one of
 * these, as peft's target_modules. Immutable.
 *
 * @param unet of the U-Net
 * @param text of text encoders, where they are trained
 */
public record LoraTargets(List<String> unet, List<String> text) {
  private static final List<String> UNET_ATTENTION = List.of("to_q", "to_k", "to_v", "to_out.0");
  private static final List<String> TEXT_ATTENTION =
      List.of("q_proj", "k_proj", "v_proj", "out_proj");
  private static final List<String> UNET_FEED_FORWARD =
      List.of("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2");
  private static final List<String> TEXT_ALL =
      List.of("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2");

  /** Queries, keys, values and outputs of all attention. */
  public static final LoraTargets ATTENTION = new LoraTargets(UNET_ATTENTION, TEXT_ATTENTION);

  /** {@link #ATTENTION} and the layers after it in each transformer block. */
  public static final LoraTargets ATTENTION_AND_FEED_FORWARD =
      new LoraTargets(UNET_FEED_FORWARD, TEXT_ALL);

  /**
   * {@link #ATTENTION_AND_FEED_FORWARD}, what leads in and out of transformers, and the residual
   * blocks' and samplings' convolutions (LoCon).
   */
  public static final LoraTargets ALL_WITH_CONV =
      new LoraTargets(
          List.of(
              "to_q",
              "to_k",
              "to_v",
              "to_out.0",
              "ff.net.0.proj",
              "ff.net.2",
              "proj_in",
              "proj_out",
              "conv1",
              "conv2",
              "conv_shortcut",
              "time_emb_proj",
              "downsamplers.0.conv",
              "upsamplers.0.conv"),
          TEXT_ALL);

  public LoraTargets {
    unet = List.copyOf(unet);
    text = List.copyOf(text);
    checkArgument(!unet.isEmpty() || !text.isEmpty(), "no modules are named");
  }

  /** Modules by names, of any of the networks. */
  public static LoraTargets of(String... names) {
    return new LoraTargets(List.of(names), List.of(names));
  }

  boolean has(String component, String module) {
    List<String> names = component.equals("unet") ? unet : text;
    return names.stream().anyMatch(name -> module.equals(name) || module.endsWith("." + name));
  }
}
