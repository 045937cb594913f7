package consumer;

import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;

/** What an application does with the library. */
final class Application {
  private Application() {}

  static float[] latents() {
    return Tensor.of(Shape.of(1, 4), 0.5f, 1f, 1.5f, 2f).reshape(Shape.of(2, 2)).floats();
  }
}
