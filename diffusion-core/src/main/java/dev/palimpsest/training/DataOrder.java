package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import com.google.common.cache.CacheBuilder;
import com.google.common.cache.CacheLoader;
import com.google.common.cache.LoadingCache;

/**
 * The order in which a data set is gone through: each epoch its own permutation, which the seed and
 * the epoch decide. Thread-safe.
 */
public final class DataOrder {
  private final int size;
  private final LoadingCache<Long, int[]> epochs;

  public DataOrder(int size, long seed) {
    checkArgument(size > 0, "a data set of %s items has no order", size);
    this.size = size;
    this.epochs =
        CacheBuilder.newBuilder()
            .maximumSize(2)
            .build(
                CacheLoader.from(epoch -> SeededStream.of(seed, "epoch", epoch).permutation(size)));
  }

  /**
   * The item at a position.
   *
   * @param position items before it, over all epochs
   */
  public int at(long position) {
    int[] epoch = requireNonNull(epochs.getUnchecked(position / size));
    return epoch[(int) (position % size)];
  }
}
