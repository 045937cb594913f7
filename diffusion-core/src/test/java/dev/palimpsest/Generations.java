package dev.palimpsest;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.tensor.Tensor;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.ArrayList;

/** What tests of generations compare. */
final class Generations {
  private Generations() {}

  /** The last latents of a request. */
  static float[] latents(DiffusionPipeline pipeline, GenerationRequest request) {
    var last = new ArrayList<Tensor>();
    pipeline.generate(request, step -> last.add(step.latents()));
    return last.get(last.size() - 1).floats();
  }

  static float largestDifference(float[] a, float[] b) {
    float largest = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i] - b[i]));
    }
    return largest;
  }

  static void assertDiffer(float[] a, float[] b) {
    float largest = largestDifference(a, b);
    assertTrue(largest > 1e-4, "they differ by " + largest + " at most");
  }

  /** A picture of 16×16 pixels of one colour. */
  static BufferedImage filled(Color colour) {
    var picture = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
    var graphics = picture.createGraphics();
    graphics.setColor(colour);
    graphics.fillRect(0, 0, 16, 16);
    graphics.dispose();
    return picture;
  }
}
