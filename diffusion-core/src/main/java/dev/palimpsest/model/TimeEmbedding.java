package dev.palimpsest.model;

import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;

/**
 * How timesteps become vectors. Immutable. References: Vaswani et al. 2017 (sinusoids), Song et al.
 * 2020 (Fourier features); diffusers models/embeddings.py.
 *
 * @param projection what a number becomes before the two linear layers
 * @param size the width of the projection
 * @param cosineFirst whether cosines come before sines
 * @param shift what is taken from the count of frequencies before dividing by it
 * @param learnedSteps the number of learned vectors; only for {@link Projection#LEARNED}
 */
record TimeEmbedding(
    Projection projection, int size, boolean cosineFirst, float shift, int learnedSteps) {
  private static final double LONGEST_PERIOD = 10_000;

  /** What a number becomes. */
  enum Projection {
    SINUSOIDS,
    /** Sinusoids of stored frequencies. */
    FOURIER,
    /** Fourier features of the number's logarithm, where the number is a noise level. */
    LOG_FOURIER,
    /** A row of a learned table. */
    LEARNED
  }

  /**
   * The projection of numbers by the layer {@code time_proj}.
   *
   * @param numbers [count]
   * @return [count, size]
   */
  Value project(Scope root, Value numbers) {
    return switch (projection) {
      case SINUSOIDS -> sinusoids(numbers.unsqueeze(1), size, cosineFirst, shift);
      case FOURIER -> fourier(root, numbers);
      case LOG_FOURIER -> fourier(root, numbers.log());
      case LEARNED -> root.embedding("time_proj", numbers.cast(DType.INT64), learnedSteps, size);
    };
  }

  private Value fourier(Scope root, Value numbers) {
    Value frequencies = root.parameter("time_proj.weight", size / 2).unsqueeze(0);
    // In the reference's order: each product is rounded to float32.
    Value angles = numbers.unsqueeze(1).mul(frequencies).mul(2f).mul((float) Math.PI);
    return waves(angles, cosineFirst);
  }

  /**
   * Sines and cosines of geometrically spaced frequencies.
   *
   * @param numbers [..., 1]
   * @return [..., size]
   */
  static Value sinusoids(Value numbers, int size, boolean cosineFirst, float shift) {
    int half = size / 2;
    float[] frequencies = new float[half];
    float logarithm = (float) -Math.log(LONGEST_PERIOD);
    for (int i = 0; i < half; i++) {
      frequencies[i] = (float) Math.exp(logarithm * i / (half - shift));
    }
    Value waves =
        waves(numbers.mul(Value.constant(Tensor.of(Shape.of(half), frequencies))), cosineFirst);
    return size % 2 == 0 ? waves : Value.concat(-1, waves, waves.slice(-1, 0, 1).mul(0f));
  }

  private static Value waves(Value angles, boolean cosineFirst) {
    Value sines = angles.sin();
    Value cosines = angles.cos();
    return cosineFirst ? Value.concat(-1, cosines, sines) : Value.concat(-1, sines, cosines);
  }

  /** The two linear layers behind a projection. */
  static Value layers(Scope scope, Value projected, int width, Activation activation) {
    Value h = activation.apply(scope.linear("linear_1", projected, width));
    return scope.linear("linear_2", h, width);
  }
}
