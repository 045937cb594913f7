package dev.palimpsest.examples.emoji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.examples.StarterModel;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.training.DiffusionTraining;
import dev.palimpsest.training.TrainingResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StarterTrainingTest {
  @TempDir private Path folder = Path.of("");

  @Test
  void fewStepsGiveCheckpointThatGenerates() throws IOException {
    Emoji64 emoji = Emoji64.read(Emoji64Test.DATA);
    List<Subject> subjects = emoji.shown().subList(0, 2);
    List<Float> losses = new ArrayList<>();
    try (StarterModel given = StarterModel.open()) {
      var training = new StarterTraining(given.checkpoint(), null, 48);
      try (DiffusionTraining run = training.open(emoji, subjects, folder.resolve("run"), 3)) {
        TrainingResult result = run.train(step -> losses.add(step.loss()));
        assertTrue(result.finished());
        training.checkpoint(run, result.best()).save(folder.resolve("model"));
      }
      Checkpoint saved = Checkpoint.read(folder.resolve("model"));
      assertEquals(3, losses.size());
      assertEquals(given.checkpoint().components(), saved.components());
      assertEquals(given.checkpoint().weights("unet").names(), saved.weights("unet").names());
      assertNotEquals(given.checkpoint().hash(), saved.hash());
      assertEquals(DType.FLOAT16, saved.weights("unet").dtype("conv_in.weight"));
      try (DiffusionPipeline pipeline = DiffusionPipeline.builder(saved).open()) {
        var request = GenerationRequest.of(Style.FLAT.prompt("cat")).steps(2).seed(1);
        assertEquals(64, pipeline.generate(request).first().toBufferedImage().getWidth());
      }
    }
  }

  @Test
  void goesOnFromAModel() throws IOException {
    Emoji64 emoji = Emoji64.read(Emoji64Test.DATA);
    List<Float> losses = new ArrayList<>();
    try (StarterModel given = StarterModel.open()) {
      for (Checkpoint initial : Arrays.asList(null, given.checkpoint())) {
        var training = new StarterTraining(given.checkpoint(), initial, 16);
        Path own = folder.resolve("run-" + losses.size());
        try (DiffusionTraining run = training.open(emoji, emoji.shown().subList(0, 2), own, 1)) {
          run.train(step -> losses.add(step.loss()));
        }
      }
    }
    assertTrue(losses.get(1) < losses.get(0) / 3, losses::toString);
  }
}
