package dev.palimpsest.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A training in another process, killed without warning and started again. */
class TrainingKillTest {
  @TempDir Path temp;

  @Test
  void threeKills() throws Exception {
    kill(3, 120, 7);
  }

  @Test
  @Tag("slow")
  void twoHundredKills() throws Exception {
    kill(200, 600, 8);
  }

  private void kill(int kills, int steps, long seed) throws Exception {
    TrainingResult expected;
    try (TrainingRun run = KilledTraining.builder(steps).open(temp.resolve("unbroken"))) {
      expected = run.train(TrainingListener.NONE);
    }
    Random random = new Random(seed);
    int done = 0;
    int whileTraining = 0;
    int runs = 0;
    while (done < kills) {
      Path folder = temp.resolve("run" + runs++);
      boolean finished = false;
      while (!finished) {
        boolean more = done < kills;
        boolean early = random.nextInt(8) == 0;
        finished =
            KilledProcess.finishes(
                KilledTraining.class,
                List.of(folder.toString(), Integer.toString(steps)),
                more ? (early ? "started" : "opened") : "",
                random.nextInt(early ? 800 : 200));
        if (more && !finished) {
          done++;
          whileTraining += early ? 0 : 1;
        }
      }
      check(expected, folder, steps);
    }
    System.out.printf(
        "%d kills, %d of them while training, in %d runs: no unreadable state, equal weights%n",
        done, whileTraining, runs);
  }

  private void check(TrainingResult expected, Path folder, int steps) throws IOException {
    try (var files = Files.list(folder)) {
      assertEquals(
          0, files.filter(file -> file.toString().contains("unreadable")).count(), "unreadable");
    }
    try (TrainingRun run = KilledTraining.builder(steps).open(folder)) {
      assertEquals(expected.step(), run.step());
      TrainingRunTest.assertSame(expected, run.train(TrainingListener.NONE));
    }
    assertEquals(TrainingRunTest.rows(temp.resolve("unbroken")), TrainingRunTest.rows(folder));
  }
}
