package dev.palimpsest;

import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.tensor.Tensor;
import java.util.List;

/**
 * A stage after decoding that looks at each picture: an application's own filter. A rejected
 * picture is reported in the result with the reason; it is neither changed nor returned among the
 * images. Implementations must be thread-safe.
 */
public interface ImageCheck extends AutoCloseable {

  /** What a check says of one picture. */
  record Verdict(boolean accepted, String reason) {
    private static final Verdict ACCEPTED = new Verdict(true, "");

    public static Verdict accept() {
      return ACCEPTED;
    }

    public static Verdict reject(String reason) {
      return new Verdict(false, reason);
    }
  }

  /**
   * One verdict a picture, in order.
   *
   * @param pictures float32 [images, 3, height, width], 0..1
   */
  List<Verdict> check(Tensor pictures, Cancellation cancellation);

  /** Releases native memory. Who hands a check to a pipeline closes it. */
  @Override
  default void close() {}
}
