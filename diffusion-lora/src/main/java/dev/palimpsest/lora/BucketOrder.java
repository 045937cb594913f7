package dev.palimpsest.lora;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.training.DataOrder;
import dev.palimpsest.training.SeededStream;
import java.util.ArrayList;
import java.util.List;

/**
 * Which pictures each batch of a training shows. A batch is of one bucket. Each bucket goes through
 * its pictures in a seeded order, each once before any comes again. An epoch has, one bucket after
 * the other, as many batches of each as its pictures make up; what is left over adds to the next.
 */
final class BucketOrder {
  private final List<DataOrder> orders = new ArrayList<>();
  private final int[] sizes;
  private final int[] batches;
  private final long seed;

  /**
   * @param sizes pictures of each bucket
   * @param batches pictures in a batch of each bucket
   */
  BucketOrder(int[] sizes, int[] batches, long seed) {
    checkArgument(sizes.length > 0 && sizes.length == batches.length, "no buckets");
    this.sizes = sizes.clone();
    this.batches = batches.clone();
    this.seed = seed;
    for (int i = 0; i < sizes.length; i++) {
      checkArgument(batches[i] > 0, "a batch of %s pictures", batches[i]);
      long own = SeededStream.of(seed, "bucket", i).below(Integer.MAX_VALUE);
      orders.add(new DataOrder(sizes[i], own));
    }
  }

  /**
   * A batch's place.
   *
   * @param index of the batch among those of its bucket
   */
  record Place(int bucket, long index) {}

  /**
   * A picture in a batch.
   *
   * @param item in the bucket, from 0
   * @param round how often the bucket was gone through before
   */
  record Shown(int item, long round) {}

  /**
   * The place of a batch.
   *
   * @param position batches before it
   */
  Place place(long position) {
    long epoch = epoch(position);
    long rest = position - before(epoch);
    for (int bucket : SeededStream.of(seed, "buckets", epoch).permutation(sizes.length)) {
      long first = before(bucket, epoch);
      long count = before(bucket, epoch + 1) - first;
      if (rest < count) {
        return new Place(bucket, first + rest);
      }
      rest -= count;
    }
    throw new AssertionError("epoch " + epoch + " has no batch " + position);
  }

  /** The pictures of a batch. */
  List<Shown> shown(Place place) {
    int size = sizes[place.bucket()];
    int batch = batches[place.bucket()];
    List<Shown> shown = new ArrayList<>();
    for (long at = place.index() * batch; at < (place.index() + 1) * batch; at++) {
      shown.add(new Shown(orders.get(place.bucket()).at(at), at / size));
    }
    return shown;
  }

  /** Batches of a bucket before an epoch. */
  private long before(int bucket, long epoch) {
    return epoch * sizes[bucket] / batches[bucket];
  }

  /** Batches before an epoch. */
  long before(long epoch) {
    long sum = 0;
    for (int i = 0; i < sizes.length; i++) {
      sum += before(i, epoch);
    }
    return sum;
  }

  /** The last epoch that begins at or before a batch; found by halving. */
  private long epoch(long position) {
    long low = 0;
    long high = 1;
    while (before(high) <= position) {
      low = high;
      high *= 2;
    }
    while (high - low > 1) {
      long middle = low + (high - low) / 2;
      if (before(middle) <= position) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
