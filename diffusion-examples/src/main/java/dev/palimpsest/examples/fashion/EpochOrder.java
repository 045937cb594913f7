package dev.palimpsest.examples.fashion;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.training.SeededStream;

/**
 * In which order pictures are seen: all of them in an epoch, each epoch in an order of its own.
 * What does not fill the last batch of an epoch is left out of it. Decided by the seed alone, so
 * that a resumed run, or another program, sees the same.
 */
final class EpochOrder {
  private final int pictures;
  private final int batch;
  private final long seed;
  private long epoch = -1;
  private int[] order = {};

  EpochOrder(int pictures, int batch, long seed) {
    checkArgument(
        1 <= batch && batch <= pictures, "batch must be in 1..%s, was %s", pictures, batch);
    this.pictures = pictures;
    this.batch = batch;
    this.seed = seed;
  }

  int batchSize() {
    return batch;
  }

  /** Which pictures the batch after {@code position} others has. */
  int[] batch(long position) {
    int batches = pictures / batch;
    if (position / batches != epoch) {
      epoch = position / batches;
      order = SeededStream.of(seed, "order", epoch).permutation(pictures);
    }
    int[] indices = new int[batch];
    System.arraycopy(order, (int) (position % batches) * batch, indices, 0, batch);
    return indices;
  }
}
