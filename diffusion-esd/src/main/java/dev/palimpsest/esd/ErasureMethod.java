package dev.palimpsest.esd;

import dev.palimpsest.checkpoint.Weights;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Which parameters of a U-Net an erasure trains (Gandikota et al. 2023, section 3.3): weights and
 * biases of linear layers and convolutions. Lists as the reference's {@code esd_sd.py} and {@code
 * esd_sdxl.py} (rohitgandikota/erasing, commit 25613d2) make them.
 */
public enum ErasureMethod {
  /** Cross-attention: for concepts that prompts name, such as an artist. */
  ESD_X(5e-5, name -> name.contains("attn2")),
  /** All but cross-attention: for what shows whatever the prompt, such as nudity. */
  ESD_U(1e-5, name -> !name.contains("attn2")),
  /** Everything. */
  ESD_ALL(1e-5, name -> true),
  /** Keys and values of cross-attention. */
  ESD_X_STRICT(5e-5, name -> name.contains("attn2.to_k") || name.contains("attn2.to_v"));

  private final double learningRate;
  private final Predicate<String> trains;

  ErasureMethod(double learningRate, Predicate<String> trains) {
    this.learningRate = learningRate;
    this.trains = trains;
  }

  /** What is used unless told otherwise. */
  public double learningRate() {
    return learningRate;
  }

  /**
   * The names of the parameters that are trained, sorted.
   *
   * @param unet the U-Net's tensors under diffusers' names
   */
  public SortedSet<String> parameters(Weights unet, ParameterRule rule) {
    var names = new TreeSet<String>();
    for (String name : unet.names()) {
      if (trains.test(name) && rule.allows(name) && isOfLayer(unet, name)) {
        names.add(name);
      }
    }
    return names;
  }

  /** Linear layers and convolutions have matrices; norms have vectors, tables are named. */
  private static boolean isOfLayer(Weights unet, String name) {
    String layer = name.substring(0, name.lastIndexOf('.') + 1);
    String weight = layer + "weight";
    boolean table = layer.equals("class_embedding.") && !unet.contains(layer + "bias");
    return !table && unet.contains(weight) && unet.shape(weight).rank() >= 2;
  }
}
