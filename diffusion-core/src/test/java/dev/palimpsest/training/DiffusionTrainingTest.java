package dev.palimpsest.training;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.TestModels;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiffusionTrainingTest {
  @TempDir Path temp;

  /** Five pictures of one colour each. */
  private static TrainingData pictures(int channels, int size) {
    return new TrainingData() {
      @Override
      public int size() {
        return 5;
      }

      @Override
      public TrainingItem item(int index, SeededStream random) {
        float[] pixels = new float[channels * size * size];
        for (int i = 0; i < pixels.length; i++) {
          pixels[i] = -1 + 0.5f * index + (i % size == 0 ? 0.2f : 0);
        }
        Tensor tensor = Tensor.of(Shape.of(channels, size, size), pixels);
        return new TrainingItem(tensor, "colour " + index, index);
      }
    };
  }

  private static Config unet(Map<String, Object> more) {
    var fields = new HashMap<String, Object>();
    fields.put("sample_size", 8);
    fields.put("in_channels", 1);
    fields.put("out_channels", 1);
    fields.put("layers_per_block", 1);
    fields.put("block_out_channels", List.of(8, 16));
    fields.put("down_block_types", List.of("DownBlock2D", "AttnDownBlock2D"));
    fields.put("up_block_types", List.of("AttnUpBlock2D", "UpBlock2D"));
    fields.put("norm_num_groups", 4);
    fields.putAll(more);
    return Config.of(fields);
  }

  private static DiffusionTrainingBuilder unconditional(Map<String, Object> more) {
    return DiffusionTraining.builder(unet(more))
        .dataset("colours", pictures(1, 8))
        .batch(4)
        .learningRate(LearningRate.constant(2e-3))
        .ema(Ema.of(0.9))
        .device(Device.cpu(2))
        .seed(5)
        .saveEvery(10)
        .steps(30);
  }

  private static DiffusionTrainingBuilder withText() {
    Checkpoint model = TestModels.checkpoint(7);
    return DiffusionTraining.builder(
            model.config("unet"),
            new TextConditioning(model.config("text_encoder"), model.folder("tokenizer")))
        .dataset("colours", pictures(3, 16).flipped(0.5))
        .vae(model.component("vae"))
        .loss(
            DiffusionLoss.minSnr(
                NoiseSchedule.scaledLinear(1000, 0.00085, 0.012), PredictionType.V_PREDICTION, 5))
        .dropout(0.2)
        .noiseOffset(0.05)
        .batch(3)
        .learningRate(LearningRate.constant(1e-3))
        .device(Device.cpu(2))
        .steps(6);
  }

  @Test
  void anUnconditionalNetworkLearnsAndItsFolderOpens() throws IOException {
    float[] first = {0};
    float[] last = {0};
    Path model = temp.resolve("model");
    try (DiffusionTraining training = unconditional(Map.of()).open(temp.resolve("run"))) {
      TrainingResult result =
          training.train(
              step -> {
                first[0] += step.step() <= 5 ? step.loss() : 0;
                last[0] += step.step() > 25 ? step.loss() : 0;
              });
      assertEquals(30, training.step());
      assertEquals(30, training.steps());
      Checkpoint trained = training.checkpoint(result.best());
      trained.save(model);
      assertEquals(trained.hash(), Checkpoint.read(model).hash());
    }
    assertTrue(last[0] < 0.8 * first[0], () -> first[0] + " to " + last[0]);
    try (DiffusionPipeline pipeline = DiffusionPipeline.builder(Checkpoint.read(model)).open()) {
      var image = pipeline.generate(GenerationRequest.unconditional().steps(3).seed(1)).first();
      assertEquals(8, image.width());
    }
  }

  @Test
  void aCancelledTrainingResumesToTheSameBytes() throws IOException {
    TrainingResult expected;
    try (DiffusionTraining training = withText().ema(Ema.of(0.5)).open(temp.resolve("whole"))) {
      expected = training.train(TrainingListener.NONE);
    }
    try (DiffusionTraining training = withText().ema(Ema.of(0.5)).open(temp.resolve("parts"))) {
      training.train(TrainingListener.every(4, TrainingStep::cancel));
    }
    try (DiffusionTraining training = withText().ema(Ema.of(0.5)).open(temp.resolve("parts"))) {
      assertEquals(4, training.step());
      TrainingRunTest.assertSame(expected, training.train(TrainingListener.NONE));
    }
  }

  @Test
  void textAndNetworkAreTrainedTogether() throws IOException {
    Path model = temp.resolve("model");
    try (DiffusionTraining training = withText().open(temp.resolve("run"))) {
      TrainingResult result = training.train(TrainingListener.NONE);
      var prefixes = new TreeSet<String>();
      result.weights().names().forEach(name -> prefixes.add(name.split("\\.", 2)[0]));
      assertEquals(new TreeSet<>(List.of("text_encoder", "unet")), prefixes);
      training.checkpoint(result.weights()).save(model);
    }
    try (DiffusionPipeline pipeline = DiffusionPipeline.builder(Checkpoint.read(model)).open()) {
      var image = pipeline.generate(GenerationRequest.of("colour 1").steps(2).seed(1)).first();
      assertEquals(16, image.width());
      assertEquals(PredictionType.V_PREDICTION, pipeline.scheduler().predictionType());
      assertArrayEquals(
          NoiseSchedule.scaledLinear(1000, 0.00085, 0.012).betas(),
          pipeline.scheduler().noiseSchedule().betas());
    }
  }

  @Test
  void aTrainingStartsFromACheckpoint() throws IOException {
    Checkpoint model = TestModels.checkpoint(7);
    try (DiffusionTraining training =
        withText().initial(model).learningRate(LearningRate.constant(0)).open(temp)) {
      Checkpoint same = training.checkpoint(training.train(TrainingListener.NONE).weights());
      assertEquals(model.hash(), same.hash());
    }
  }

  @Test
  void classesAndALearnedVariance() throws IOException {
    DiffusionTrainingBuilder builder =
        unconditional(Map.of("num_class_embeds", 6, "out_channels", 2))
            .loss(DiffusionLoss.hybrid(NoiseSchedule.squaredCosine(50)))
            .dropout(0.3)
            .steps(3);
    try (DiffusionTraining training = builder.open(temp.resolve("run"))) {
      Checkpoint trained = training.checkpoint(training.train(TrainingListener.NONE).best());
      trained.save(temp.resolve("model"));
      assertEquals("learned_range", trained.config("scheduler").string("variance_type"));
      assertEquals("squaredcos_cap_v2", trained.config("scheduler").string("beta_schedule"));
    }
  }

  @Test
  void batchesGoThroughEachEpochOnceAndDropClasses() {
    DiffusionTrainingBuilder plan = unconditional(Map.of("num_class_embeds", 6)).dropout(0.5);
    var batches =
        new DiffusionBatches(pictures(1, 8), plan, Optional.empty(), 6, Shape.of(1, 8, 8));
    int dropped = 0;
    int[] counts = new int[6];
    for (int i = 0; i < 250; i++) {
      Map<String, Tensor> batch = batches.batch(i, SeededStream.of(5, "batch", i));
      assertEquals(batch.keySet(), Set.of("sample", "target", "timestep", "class_labels"));
      for (long label : requireNonNull(batch.get("class_labels")).longs()) {
        counts[(int) label]++;
        dropped += label == 5 ? 1 : 0;
      }
      for (float t : requireNonNull(batch.get("timestep")).floats()) {
        assertTrue(0 <= t && t < 1000);
      }
    }
    assertEquals(500, dropped, 60);
    for (int label = 0; label < 5; label++) {
      assertEquals(100, counts[label], 35);
    }
    var order = new DataOrder(7, 3);
    for (int epoch = 0; epoch < 4; epoch++) {
      boolean[] seen = new boolean[7];
      for (int i = 0; i < 7; i++) {
        seen[order.at(epoch * 7L + i)] = true;
      }
      for (boolean one : seen) {
        assertTrue(one);
      }
    }
    int[] first = {order.at(0), order.at(1), order.at(2), order.at(3), order.at(4)};
    int[] second = {order.at(7), order.at(8), order.at(9), order.at(10), order.at(11)};
    assertFalse(Arrays.equals(first, second));
  }

  @Test
  void flippedPicturesAreMirrored() {
    Tensor pixels = Tensor.of(Shape.of(1, 2, 3), 1f, 2f, 3f, 4f, 5f, 6f);
    TrainingItem item = TrainingItem.captioned(pixels, "a");
    assertArrayEquals(new float[] {3, 2, 1, 6, 5, 4}, item.flipped().pixels().floats());
    assertEquals("a", item.flipped().caption());
    TrainingData always = pictures(1, 8).flipped(1);
    assertEquals(-0.8f, always.item(0, SeededStream.of(1, "a")).pixels().floats()[7], 1e-6);
    TrainingData never = pictures(1, 8).flipped(0);
    assertEquals(-1f, never.item(0, SeededStream.of(1, "a")).pixels().floats()[7], 1e-6);
  }

  @Test
  void whatDoesNotFitIsNamed() {
    DiffusionTrainingBuilder plan = unconditional(Map.of());
    refused("batch", () -> plan.batch(0));
    refused("dropout", () -> plan.dropout(1));
    refused("noiseOffset", () -> plan.noiseOffset(-1));
    refused("[channels, height, width]", () -> TrainingItem.of(Tensor.zeros(Shape.of(2, 2))));
    Tensor dot = Tensor.zeros(Shape.of(1, 1, 1));
    refused("label", () -> TrainingItem.labelled(dot, -1));
    refused("label", () -> new TrainingItem(dot, "", -2));
    refused("no order", () -> new DataOrder(0, 1));
    refused("takes 1 channels", () -> open(unconditional(Map.of()).dataset("x", pictures(3, 8))));
    refused(
        "needs 2 channels",
        () ->
            open(
                unconditional(Map.of())
                    .loss(DiffusionLoss.hybrid(NoiseSchedule.squaredCosine(9)))));
    refused("num_class_embeds", () -> open(unconditional(Map.of("class_embed_type", "timestep"))));
    assertThrows(
        IllegalStateException.class, () -> DiffusionTraining.builder(unet(Map.of())).open(temp));
    var e =
        assertThrows(
            UnsupportedModelException.class,
            () -> {
              Checkpoint xl = TestModels.xlCheckpoint(1);
              DiffusionTraining.builder(
                      xl.config("unet"),
                      new TextConditioning(xl.config("text_encoder"), xl.folder("tokenizer")))
                  .dataset("colours", pictures(4, 8))
                  .steps(1)
                  .open(temp);
            });
    assertTrue(String.valueOf(e.getMessage()).contains("not trained from scratch"), e::toString);
    DiffusionTrainingBuilder few = unconditional(Map.of("num_class_embeds", 3));
    var labels =
        assertThrows(
            IllegalArgumentException.class,
            () -> {
              try (DiffusionTraining training = few.open(temp.resolve("few"))) {
                training.train(TrainingListener.NONE);
              }
            });
    assertTrue(String.valueOf(labels.getMessage()).contains("is not in 0..2"), labels::toString);
    TrainingData uneven =
        new TrainingData() {
          @Override
          public int size() {
            return 2;
          }

          @Override
          public TrainingItem item(int index, SeededStream random) {
            return TrainingItem.of(Tensor.zeros(Shape.of(1, 8, index == 0 ? 8 : 4)));
          }
        };
    var size =
        assertThrows(
            IllegalArgumentException.class,
            () -> {
              try (DiffusionTraining training =
                  unconditional(Map.of()).dataset("uneven", uneven).open(temp.resolve("uneven"))) {
                training.train(TrainingListener.NONE);
              }
            });
    assertTrue(String.valueOf(size.getMessage()).contains("item 1 has shape"), size::toString);
  }

  private void open(DiffusionTrainingBuilder builder) {
    try {
      builder.open(temp).close();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void refused(String word, Runnable call) {
    var e = assertThrows(IllegalArgumentException.class, call::run);
    assertTrue(String.valueOf(e.getMessage()).contains(word), e::toString);
  }
}
