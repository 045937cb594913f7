package dev.palimpsest.training;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The process that {@link TrainingKillTest} kills: a training whose folder and number of steps are
 * its arguments.
 */
final class KilledTraining {
  private KilledTraining() {}

  /** Saved so often that many kills fall into a save. */
  static TrainingRunBuilder builder(int steps) {
    return TinyTraining.builder().steps(steps).saveEvery(2);
  }

  public static void main(String[] arguments) throws IOException {
    System.out.println("started");
    try (TrainingRun run = builder(Integer.parseInt(arguments[1])).open(Path.of(arguments[0]))) {
      System.out.println("opened");
      run.train(TrainingListener.NONE);
    }
    System.out.println("finished");
  }
}
