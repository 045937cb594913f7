package dev.palimpsest.lora;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.palimpsest.training.KilledProcess;
import dev.palimpsest.training.TrainingListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A training of a LoRA in another process, killed without warning and started again. */
class LoraKillTest {
  @TempDir Path temp = Path.of("");

  @Test
  void aKilledTrainingEndsInTheSameBytes() throws Exception {
    kill(1, 7);
  }

  @Test
  @Tag("slow")
  void fiftyKills() throws Exception {
    kill(50, 8);
  }

  private void kill(int kills, long seed) throws Exception {
    Path pictures = temp.resolve("pictures");
    TinyLoraTraining.pictures(pictures);
    Lora expected = finish(pictures, temp.resolve("unbroken"));
    var random = new Random(seed);
    int done = 0;
    for (int runs = 0; done < kills; runs++) {
      Path run = temp.resolve("run" + runs);
      boolean finished = false;
      while (!finished) {
        boolean more = done < kills;
        boolean early = random.nextInt(8) == 0;
        finished =
            KilledProcess.finishes(
                KilledLoraTraining.class,
                List.of(pictures.toString(), run.toString()),
                more ? (early ? "started" : "opened") : "",
                random.nextInt(early ? 3000 : 400));
        done += more && !finished ? 1 : 0;
      }
      Lora actual = finish(pictures, run);
      assertEquals(expected.metadata(), actual.metadata());
      LoraTrainingTest.assertSame(expected, actual);
    }
  }

  private static Lora finish(Path pictures, Path run) throws IOException {
    try (LoraTraining training = KilledLoraTraining.builder(pictures).open(run)) {
      return training.train(TrainingListener.NONE);
    }
  }
}
