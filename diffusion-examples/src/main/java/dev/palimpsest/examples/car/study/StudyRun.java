package dev.palimpsest.examples.car.study;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.errors.CancelledException;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.esd.Erasure;
import dev.palimpsest.examples.StudyListener;
import dev.palimpsest.lora.Lora;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.training.TrainingListener;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A study under way: what stages work with, and what stages before have made.
 *
 * @param workers pictures drawn at once, and threads of a training
 */
record StudyRun(
    StudyPlan plan,
    CarStudy.Inputs inputs,
    StudyFolder folder,
    int workers,
    StudyListener listener,
    Cancellation cancellation) {

  /** Where trainings run: all threads on one batch. */
  Device training() {
    return Device.cpu(workers);
  }

  /** Begins to tell of a training that may have been begun before. */
  TrainingListener begin(String part, long done, long steps) {
    listener.begin(part, steps - done);
    return listener.training();
  }

  /**
   * Checks that a training came to its end.
   *
   * @throws CancelledException if it did not
   */
  void ended(String part, long step, long steps) {
    if (step < steps) {
      throw new CancelledException(
          String.format(
              "%s stopped after step %d of %d; the same command goes on", part, step, steps));
    }
  }

  /** What a stage that has ended found. */
  Config result(String stage) throws IOException {
    return folder
        .result(stage)
        .orElseThrow(() -> new IllegalStateException("the stage " + stage + " has not ended"));
  }

  /** The judges that the first stage trained; the caller closes them. */
  CarJudges judges() throws IOException {
    Path weights = folder.of(JudgeStage.NAME).resolve(JudgeStage.WEIGHTS);
    return CarJudges.open(inputs.renders(), Weights.read(weights), Device.cpu(1));
  }

  /** The starter with the autoencoder that knows renders. */
  Checkpoint encoding() throws CheckpointException {
    return Checkpoint.read(folder.file(AutoencoderStage.NAME).resolve("model"));
  }

  /** The base model. */
  Checkpoint base() throws CheckpointException {
    return Checkpoint.read(folder.file(BaseStage.NAME).resolve("model"));
  }

  /** An erasure of a stage. */
  Erasure erasure(String stage, String name) throws CheckpointException {
    return Erasure.read(folder.file(stage).resolve(name));
  }

  /** The base with what is unwanted erased. */
  Checkpoint erased() throws CheckpointException {
    return base().with(erasure(EraseStage.NAME, EraseStage.ESD));
  }

  /** The LoRA of a stage. */
  Lora lora(String stage) throws CheckpointException {
    return Lora.read(folder.file(stage).resolve(CarTraining.FILE));
  }

  /** The base, erased, with the car on top. */
  Checkpoint stack() throws CheckpointException {
    return erased().with(lora(LoraStage.NAME).at(1));
  }
}
