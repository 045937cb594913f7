package dev.palimpsest.lora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class BucketOrderTest {
  private static final int EPOCHS = 7;

  @Property
  void everyPictureIsShownOnceARound(
      @ForAll @Size(min = 1, max = 6) List<@IntRange(min = 1, max = 30) Integer> sizes,
      @ForAll @Size(min = 6, max = 6) List<@IntRange(min = 1, max = 12) Integer> batches,
      @ForAll long seed) {
    int[] of = sizes.stream().mapToInt(Integer::intValue).toArray();
    int[] in = IntStream.range(0, of.length).map(batches::get).toArray();
    var order = new BucketOrder(of, in, seed);
    List<List<BucketOrder.Shown>> shown = new ArrayList<>();
    sizes.forEach(size -> shown.add(new ArrayList<>()));
    long[] next = new long[of.length];
    for (long position = 0; position < order.before(EPOCHS); position++) {
      BucketOrder.Place place = order.place(position);
      assertEquals(next[place.bucket()]++, place.index());
      List<BucketOrder.Shown> batch = order.shown(place);
      assertEquals(in[place.bucket()], batch.size());
      shown.get(place.bucket()).addAll(batch);
    }
    for (int bucket = 0; bucket < of.length; bucket++) {
      int size = of[bucket];
      int rounds = shown.get(bucket).size() / size;
      // After n epochs less than one batch of each bucket is still owed.
      assertEquals(EPOCHS * size / in[bucket] * in[bucket], shown.get(bucket).size());
      for (int round = 0; round < rounds; round++) {
        int wanted = round;
        List<BucketOrder.Shown> items = shown.get(bucket).subList(round * size, (round + 1) * size);
        assertEquals(size, items.stream().mapToInt(BucketOrder.Shown::item).distinct().count());
        assertEquals(size, items.stream().filter(item -> item.round() == wanted).count());
      }
    }
  }

  @Test
  void batchesOfABucketFollowEachOtherInAnEpoch() {
    var order = new BucketOrder(new int[] {8, 8, 8}, new int[] {2, 2, 2}, 3);
    int changes = 0;
    for (long position = 1; position < 12; position++) {
      changes += order.place(position).bucket() == order.place(position - 1).bucket() ? 0 : 1;
    }
    assertEquals(2, changes);
  }

  @Test
  void theSeedDecidesTheOrder() {
    assertEquals(shown(1), shown(1));
    assertNotEquals(shown(1), shown(2));
  }

  private static List<Object> shown(long seed) {
    var order = new BucketOrder(new int[] {9, 5}, new int[] {3, 2}, seed);
    return LongStream.range(0, 20)
        .<Object>mapToObj(position -> order.shown(order.place(position)))
        .toList();
  }

  @Test
  void emptyBatchesAreRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> new BucketOrder(new int[] {1}, new int[] {0}, 0));
    assertThrows(IllegalArgumentException.class, () -> new BucketOrder(new int[0], new int[0], 0));
  }
}
