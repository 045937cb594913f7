package dev.palimpsest;

import dev.palimpsest.tensor.Tensor;

/**
 * Classifier-free guidance: ê = e_u + w (e_c − e_u) (Ho &amp; Salimans 2022), where ê may then be
 * rescaled towards the contrast of e_c (Lin et al. 2023, equations 14 to 16).
 *
 * @param scale w
 * @param rescale φ, 0 for none
 */
public record Guidance(double scale, double rescale) {

  /** ê of the predictions without and with the prompt, float32 [images, ...] both. */
  public Tensor combine(Tensor unconditional, Tensor conditional) {
    return rescale(conditional, weigh(unconditional, conditional));
  }

  /** e_u + w (e_c − e_u). */
  Tensor weigh(Tensor unconditional, Tensor conditional) {
    float[] u = unconditional.floats();
    float[] c = conditional.floats();
    float w = (float) scale;
    float[] out = new float[c.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = u[i] + w * (c[i] - u[i]);
    }
    return Tensor.of(conditional.shape(), out);
  }

  /**
   * ê + s (e_c − e_a) for the first images (perturbed-attention guidance, Ahn et al. 2024).
   *
   * @param edited e_a, of no more images than the others
   */
  static Tensor away(Tensor guided, Tensor conditional, Tensor edited, double s) {
    float[] out = guided.floats().clone();
    float[] c = conditional.floats();
    float[] a = edited.floats();
    for (int i = 0; i < a.length; i++) {
      out[i] += (float) s * (c[i] - a[i]);
    }
    return Tensor.of(guided.shape(), out);
  }

  /** ê brought back towards the contrast of e_c by φ. */
  Tensor rescale(Tensor conditional, Tensor guided) {
    if (rescale == 0) {
      return guided;
    }
    float[] c = conditional.floats();
    float[] out = guided.floats().clone();
    int images = (int) conditional.shape().dim(0);
    int size = out.length / images;
    for (int image = 0; image < images; image++) {
      rescale(c, out, image * size, size);
    }
    return Tensor.of(guided.shape(), out);
  }

  private void rescale(float[] conditional, float[] guided, int from, int size) {
    double ratio = deviation(conditional, from, size) / deviation(guided, from, size);
    float factor = (float) (rescale * ratio + (1 - rescale));
    for (int i = from; i < from + size; i++) {
      guided[i] *= factor;
    }
  }

  /** With n − 1 in the denominator, as torch's std. */
  private static double deviation(float[] values, int from, int size) {
    double sum = 0;
    for (int i = from; i < from + size; i++) {
      sum += values[i];
    }
    double mean = sum / size;
    double squares = 0;
    for (int i = from; i < from + size; i++) {
      squares += (values[i] - mean) * (values[i] - mean);
    }
    return Math.sqrt(squares / (size - 1));
  }
}
