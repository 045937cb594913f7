package dev.palimpsest.lora;

import dev.palimpsest.TestModels;
import dev.palimpsest.training.TrainingListener;
import java.io.IOException;
import java.nio.file.Path;

/** The process that {@link LoraKillTest} kills; folders of pictures and run are its arguments. */
final class KilledLoraTraining {
  private KilledLoraTraining() {}

  static LoraTrainingBuilder builder(Path pictures) throws IOException {
    return TinyLoraTraining.full(TestModels.checkpoint(3), ImageFolder.of(pictures));
  }

  public static void main(String[] arguments) throws IOException {
    System.out.println("started");
    try (LoraTraining training = builder(Path.of(arguments[0])).open(Path.of(arguments[1]))) {
      System.out.println("opened");
      training.train(TrainingListener.NONE);
    }
    System.out.println("finished");
  }
}
