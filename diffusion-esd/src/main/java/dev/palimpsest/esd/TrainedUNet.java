package dev.palimpsest.esd;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.Conditioning;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.ComponentKind;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.model.UNet2DConditionModel;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.training.DiffusionLoss;
import dev.palimpsest.training.Losses;
import dev.palimpsest.training.TrainingGraph;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The U-Net of a checkpoint as a graph with the loss of an erasure. */
final class TrainedUNet {
  static final String UNET = "unet";

  private static final int NATIVE_SIDE = 64;

  private TrainedUNet() {}

  /**
   * @throws UnsupportedModelException if it is not a text-to-image U-Net with weights of its own
   */
  static void check(Checkpoint checkpoint) {
    Component unet = checkpoint.component(UNET);
    if (unet.kind() == ComponentKind.ONNX) {
      throw new UnsupportedModelException(
          unet.folder().map(Object::toString).orElse(UNET)
              + " is an ONNX export, whose weights cannot be trained; give the diffusers folder that"
              + " it was exported from, with unet/diffusion_pytorch_model.safetensors");
    }
    if (!unet.className().equals("UNet2DConditionModel")) {
      throw new UnsupportedModelException(
          "concepts are erased from text-to-image models; the class of this one's U-Net is "
              + unet.className());
    }
    Config config = unet.config();
    int in = config.integer("in_channels", 4);
    int out = config.integer("out_channels", 4);
    if (in != out) {
      throw new UnsupportedModelException(
          "concepts are erased from U-Nets that give as many channels as they take; this one takes "
              + in
              + " and gives "
              + out);
    }
    if (!config.isNull("time_cond_proj_dim")) {
      throw new UnsupportedModelException(
          "concepts are not erased from models whose guidance scale is an input"
              + " (time_cond_proj_dim); erase from the model that it was distilled from");
    }
  }

  /** The latents of one picture at the model's native size: [1, channels, height, width]. */
  static Shape latents(Checkpoint checkpoint) {
    Config config = checkpoint.config(UNET);
    List<Integer> side =
        config.isNull("sample_size") ? List.of(NATIVE_SIDE) : config.integers("sample_size");
    return Shape.of(1, config.integer("in_channels", 4), side.get(0), side.get(side.size() - 1));
  }

  /**
   * The network of known sizes; its loss is the weighted mean of squared errors.
   *
   * @param sample [rows, channels, height, width]
   * @param conditioning of a prompt, for the sizes that it has
   */
  static Graph withLoss(Checkpoint checkpoint, Shape sample, Conditioning conditioning) {
    Map<String, Long> sizes = new HashMap<>();
    sizes.put("batch", sample.dim(0));
    sizes.put("timesteps", sample.dim(0));
    sizes.put("height", sample.dim(2));
    sizes.put("width", sample.dim(3));
    sizes.put("tokens", conditioning.get("encoder_hidden_states").orElseThrow().shape().dim(1));
    conditioning.get("text_embeds").ifPresent(text -> sizes.put("pooled", text.shape().dim(1)));
    conditioning.get("time_ids").ifPresent(ids -> sizes.put("ids", ids.shape().dim(1)));
    Graph unet = UNet2DConditionModel.graph(checkpoint.config(UNET)).bind(sizes);
    Value prediction = requireNonNull(unet.outputs().get("out_sample"));
    Value target = Value.input(ErasureBatches.TARGET, DType.FLOAT32, Dims.of(sample));
    Value weights =
        Value.input(DiffusionLoss.WEIGHT, DType.FLOAT32, Dims.of(Shape.of(sample.dim(0))));
    return Graph.of("erasure", TrainingGraph.LOSS, Losses.weighted(prediction, target, weights));
  }
}
