package dev.palimpsest.lora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class BucketTest {
  @Test
  void theBucketsOfASmallResolution() {
    assertEquals(
        List.of(new Bucket(64, 256), new Bucket(128, 128), new Bucket(256, 64)),
        Bucket.around(128, 64).stream().filter(b -> b.width() != 192).toList());
    assertEquals(new Bucket(448, 576), Bucket.nearest(Bucket.around(512, 64), 1500, 2000));
    assertEquals("512x512", Bucket.nearest(Bucket.around(512, 64), 90, 90).toString());
  }

  @Property
  void sizesAreMultiplesOfBoundedArea(
      @ForAll @IntRange(min = 1, max = 40) int steps, @ForAll @IntRange(min = 1, max = 64) int of) {
    int target = steps * of;
    List<Bucket> sizes = Bucket.around(target, of);
    assertTrue(sizes.contains(new Bucket(target, target)));
    assertEquals(sizes.size(), new HashSet<>(sizes).size());
    for (Bucket size : sizes) {
      assertEquals(0, size.width() % of + size.height() % of);
      assertTrue(size.pixels() <= (long) target * target);
      assertTrue(size.pixels() + (long) of * size.width() > (long) target * target, size::toString);
      assertTrue(size.error(1, 1) <= Math.log(4) + 1e-12);
    }
  }

  @Property
  void aPictureLandsInTheBucketOfTheNearestAspect(
      @ForAll @IntRange(min = 1, max = 9000) int width,
      @ForAll @IntRange(min = 1, max = 9000) int height,
      @ForAll @IntRange(min = 4, max = 40) int steps) {
    List<Bucket> sizes = Bucket.around(64 * steps, 64);
    Bucket chosen = Bucket.nearest(sizes, width, height);
    assertEquals(1, sizes.stream().filter(chosen::equals).count());
    sizes.forEach(other -> assertTrue(chosen.error(width, height) <= other.error(width, height)));
  }

  @Test
  void impossibleResolutionsAreRefused() {
    for (int target : new int[] {0, -64, 100, 2624}) {
      var e = assertThrows(IllegalArgumentException.class, () -> Bucket.around(target, 64));
      assertEquals(
          "a resolution must be a multiple of 64 up to 2560, was " + target, e.getMessage());
    }
    assertThrows(IllegalArgumentException.class, () -> Bucket.around(64, 0));
    assertThrows(IllegalArgumentException.class, () -> new Bucket(0, 1));
  }
}
