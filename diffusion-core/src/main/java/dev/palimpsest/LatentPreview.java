package dev.palimpsest;

import dev.palimpsest.image.Pictures;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.util.List;
import org.apache.commons.math3.stat.regression.OLSMultipleLinearRegression;

/** A linear map from a latent's channels to a colour, fitted to a decoder by least squares. */
final class LatentPreview {
  private static final int SIDE = 12; // the probe: enough latents for a stable fit of few channels

  private final double[][] coefficients; // [3][1 + channels]

  private LatentPreview(double[][] coefficients) {
    this.coefficients = coefficients;
  }

  /** Decodes one small picture of noise and fits to it. */
  static LatentPreview fit(LatentDecoder decoder, int channels) {
    Tensor latents = NoiseSource.torch(0).gaussian(Shape.of(1, channels, SIDE, SIDE));
    Tensor pixels = decoder.decode(latents, new Cancellation());
    double[][] x = new double[SIDE * SIDE][channels];
    for (int i = 0; i < SIDE * SIDE; i++) {
      for (int c = 0; c < channels; c++) {
        x[i][c] = latents.floats()[c * SIDE * SIDE + i];
      }
    }
    double[][] fitted = new double[3][];
    for (int colour = 0; colour < 3; colour++) {
      var regression = new OLSMultipleLinearRegression();
      regression.newSampleData(means(pixels, colour, decoder.scaleFactor()), x);
      fitted[colour] = regression.estimateRegressionParameters();
    }
    return new LatentPreview(fitted);
  }

  private static double[] means(Tensor pixels, int colour, int factor) {
    int width = (int) pixels.shape().dim(3);
    int plane = (int) (pixels.shape().dim(2) * width);
    float[] values = pixels.floats();
    double[] means = new double[SIDE * SIDE];
    for (int i = 0; i < means.length; i++) {
      double sum = 0;
      for (int y = 0; y < factor; y++) {
        for (int x = 0; x < factor; x++) {
          int row = i / SIDE * factor + y;
          int column = i % SIDE * factor + x;
          sum += values[colour * plane + row * width + column];
        }
      }
      means[i] = sum / (factor * factor);
    }
    return means;
  }

  /** One small picture an image, a pixel a latent. */
  List<BufferedImage> render(Tensor latents) {
    int images = (int) latents.shape().dim(0);
    int channels = (int) latents.shape().dim(1);
    int plane = (int) (latents.shape().dim(2) * latents.shape().dim(3));
    float[] values = latents.floats();
    float[] out = new float[images * 3 * plane];
    for (int image = 0; image < images; image++) {
      for (int colour = 0; colour < 3; colour++) {
        double[] a = coefficients[colour];
        for (int i = 0; i < plane; i++) {
          double sum = a[0];
          for (int c = 0; c < channels; c++) {
            sum += a[1 + c] * values[(image * channels + c) * plane + i];
          }
          out[(image * 3 + colour) * plane + i] = (float) sum;
        }
      }
    }
    return Pictures.fromTensor(Tensor.of(latents.shape().withDim(1, 3), out));
  }
}
