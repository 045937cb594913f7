package dev.palimpsest.examples.fashion;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.examples.fashion.BoundStudy.Stratum;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BoundStudyTest {
  @TempDir private Path folder = Path.of(".");

  @Test
  void strataGrowAndCoverEveryTimestepOnce() {
    assertEquals(
        List.of(
            new Stratum(0, 1),
            new Stratum(1, 1),
            new Stratum(2, 1),
            new Stratum(3, 1),
            new Stratum(4, 2),
            new Stratum(6, 3),
            new Stratum(9, 2)),
        BoundStudy.strata(11, 2));
    List<Stratum> strata = BoundStudy.strata(1000, 16);
    assertEquals(1000, strata.stream().mapToInt(Stratum::size).sum());
    assertTrue(strata.size() < 110, strata.size() + " strata");
    assertThrows(IllegalArgumentException.class, () -> BoundStudy.strata(1000, 0));
  }

  @Test
  void aCoarserSampleHasTheSameExpectation() throws IOException {
    FashionMnist data = FashionMnist.read(SmallSet.write(folder, 8, 10, 40));
    var training = new UNetTraining(new FashionUNet(8, List.of(8), 1), 1, 2, 1e-3, 5);
    var untrained = training.network().checkpoint(training.initial());
    int[] all = new int[40];
    for (int i = 0; i < all.length; i++) {
      all[i] = i;
    }
    BoundStudy.Result fine = evaluate(new BoundStudy(untrained, 64), data, all);
    BoundStudy.Result coarse = evaluate(new BoundStudy(untrained, 16), data, all);
    assertEquals(40, coarse.pictures());
    assertEquals(64, coarse.dimensions());
    double error = coarse.standardError().orElseThrow();
    assertTrue(error < 0.2, "error " + error);
    assertEquals(fine.total(), coarse.total(), 4 * error);
    assertEquals(fine.simple(), coarse.simple(), 0.1);
    assertEquals(fine.prior(), coarse.prior(), 1e-12);
  }

  private static BoundStudy.Result evaluate(BoundStudy study, FashionMnist data, int[] indices) {
    return study.evaluate(data.test(), indices, Device.cpu(1), 3, () -> {}, new Cancellation());
  }
}
