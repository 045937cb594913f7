package dev.palimpsest.tensor;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * Where standard normal noise comes from: all randomness of a run enters through one of these.
 *
 * <p>A source has state: each draw continues where the last one stopped. One thread, one run.
 */
@FunctionalInterface
public interface NoiseSource {

  /** The next draw: float32 of {@code shape}, standard normal. */
  Tensor gaussian(Shape shape);

  /** The draws of {@code torch.Generator("cpu").manual_seed(seed)}. */
  static NoiseSource torch(long seed) {
    return new TorchGenerator(seed)::randn;
  }

  /**
   * The given tensors one after the other; a draw of another shape, or one too many, is an error.
   */
  static NoiseSource replay(List<Tensor> draws) {
    Iterator<Tensor> rest = List.copyOf(draws).iterator();
    return shape -> {
      checkState(
          rest.hasNext(),
          "all %s recorded draws are used, but %s is asked for",
          draws.size(),
          shape);
      Tensor next = rest.next();
      checkState(
          next.shape().equals(shape), "the next draw has shape %s, not %s", next.shape(), shape);
      return next;
    };
  }

  /**
   * One source an image: row i of each draw comes from source i, as diffusers draws with a list of
   * generators.
   */
  static NoiseSource perImage(List<NoiseSource> sources) {
    List<NoiseSource> copy = List.copyOf(sources);
    checkArgument(!copy.isEmpty(), "no noise source");
    if (copy.size() == 1) {
      return copy.get(0);
    }
    return shape -> {
      checkArgument(
          shape.rank() > 0 && shape.dim(0) == copy.size(),
          "%s sources cannot draw a batch of shape %s",
          copy.size(),
          shape);
      var rows = new ArrayList<Tensor>(copy.size());
      for (NoiseSource source : copy) {
        rows.add(source.gaussian(shape.withDim(0, 1)));
      }
      return Tensor.concat(rows);
    };
  }
}
