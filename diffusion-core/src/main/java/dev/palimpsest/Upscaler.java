package dev.palimpsest;

import dev.palimpsest.image.Pictures;
import dev.palimpsest.image.Resampling;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.tensor.Tensor;
import java.util.List;
import java.util.stream.Collectors;

/** What makes pictures larger. Implementations must be thread-safe. */
public interface Upscaler extends AutoCloseable {

  /**
   * The pictures at another size.
   *
   * @param pictures float32 [pictures, 3, height, width], 0..1
   * @return float32 [pictures, 3, height, width] of the size asked for, 0..1
   * @throws dev.palimpsest.errors.CancelledException if cancelled
   */
  Tensor upscale(Tensor pictures, int width, int height, Cancellation cancellation);

  /** Lanczos resampling of 8-bit pictures, as Pillow's. */
  static Upscaler lanczos() {
    return (pictures, width, height, cancellation) -> {
      List<Tensor> resized =
          Pictures.fromUnit(pictures).stream()
              .map(picture -> Resampling.LANCZOS.resize(picture, width, height))
              .map(picture -> Pictures.toUnit(Pictures.toTensor(picture)))
              .collect(Collectors.toList());
      return Tensor.concat(resized);
    };
  }

  /** Releases native memory. Who hands an upscaler to a pipeline closes it. */
  @Override
  default void close() {}
}
