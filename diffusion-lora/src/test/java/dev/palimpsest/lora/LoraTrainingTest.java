package dev.palimpsest.lora;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.TestModels;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.WeightLayer;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.LearningRate;
import dev.palimpsest.training.Recompute;
import dev.palimpsest.training.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoraTrainingTest {
  @TempDir Path temp = Path.of("");
  private Checkpoint base = TestModels.checkpoint(3);
  private @Nullable ImageFolder made;

  @BeforeEach
  void makePictures() throws IOException {
    made = TinyLoraTraining.pictures(temp.resolve("pictures"));
  }

  private ImageFolder pictures() {
    return requireNonNull(made);
  }

  private LoraTrainingBuilder builder() {
    return TinyLoraTraining.builder(base, pictures());
  }

  private LoraTrainingBuilder full() {
    return TinyLoraTraining.full(base, pictures());
  }

  private Lora train(LoraTrainingBuilder plan, String run) throws IOException {
    try (LoraTraining training = plan.open(temp.resolve(run))) {
      return training.train(TrainingListener.NONE);
    }
  }

  static void assertSame(Lora expected, Lora actual) {
    assertEquals(expected.modules().keySet(), actual.modules().keySet());
    expected
        .modules()
        .forEach(
            (target, module) -> {
              LoraModule other = requireNonNull(actual.modules().get(target));
              assertArrayEquals(module.up().floats(), other.up().floats(), target::toString);
              assertArrayEquals(module.down().floats(), other.down().floats(), target::toString);
            });
  }

  @Test
  void whatIsTrainedIsALoraOfTheModel() throws IOException {
    Lora lora;
    var losses = new ArrayList<Float>();
    try (LoraTraining training = full().name("m5").open(temp.resolve("run"))) {
      assertEquals(1, training.advice().size());
      lora = training.train(step -> losses.add(step.loss()));
      assertEquals(10, training.step());
    }
    assertEquals(10, losses.size());
    assertTrue(losses.stream().allMatch(loss -> loss > 0 && loss < 100), losses::toString);
    assertEquals("m5", lora.name());
    assertEquals(List.of("text_encoder", "unet"), List.copyOf(lora.components()));
    lora.modules().forEach((target, module) -> assertTrue(anyMoved(module.up()), target::toString));
    try (DiffusionPipeline pipeline = DiffusionPipeline.builder(base).adapter(lora).open()) {
      var request = GenerationRequest.of("a m5g90 car").steps(2).seed(1);
      assertNotEquals(
          pipeline.generate(request).first().toBufferedImage().getRGB(3, 3),
          pipeline.generate(request.adapter(lora, 0)).first().toBufferedImage().getRGB(3, 3));
    }
  }

  private static float[] up(Lora lora, LoraTarget target) {
    return requireNonNull(lora.modules().get(target)).up().floats();
  }

  private static boolean anyMoved(Tensor up) {
    for (float value : up.floats()) {
      if (value != 0) {
        return true;
      }
    }
    return false;
  }

  @Test
  void aCancelledTrainingEndsInTheSameBytes() throws IOException {
    Lora expected = train(full().accumulate(2), "whole");
    try (LoraTraining training = full().accumulate(2).open(temp.resolve("parts"))) {
      training.train(
          step -> {
            if (step.step() == 5) {
              step.cancel();
            }
          });
      assertEquals(5, training.step());
    }
    assertSame(expected, train(full().accumulate(2), "parts"));
  }

  @Test
  void theFileSaysHowItWasTrained() throws IOException {
    Map<String, Tensor> replaced = Map.of("conv_in.bias", base.weights("unet").get("conv_in.bias"));
    base = base.with(WeightLayer.replacing("erasure of \"ferrari\"", "unet", replaced));
    Lora lora = train(full().steps(1).minSnr(5), "run");
    Path file = temp.resolve("m5.safetensors");
    lora.save(file, LoraFormat.KOHYA);
    Map<String, String> entries = Lora.read(file).metadata();
    assertEquals("m5g90 car", entries.get("modelspec.trigger_phrase"));
    assertEquals(List.of(TriggerWord.of("m5g90").forClass("car")), TriggerWord.of(entries));
    assertEquals("stable-diffusion-v1/lora", entries.get("modelspec.architecture"));
    assertEquals("32x32", entries.get("modelspec.resolution"));
    assertEquals("epsilon", entries.get("modelspec.prediction_type"));
    assertEquals(
        "{\"pictures\":{\"m5g90 car\":5,\"number 0\":1,\"number 1\":1,\"number 2\":1,"
            + "\"number 3\":1,\"number 4\":1,\"red\":5}}",
        entries.get("ss_tag_frequency"));
    assertEquals("2", entries.get("ss_network_dim"));
    assertEquals("0.01", entries.get("ss_unet_lr"));
    assertEquals("0.005", entries.get("ss_text_encoder_lr"));
    assertEquals("5.0", entries.get("ss_min_snr_gamma"));
    assertEquals("5", entries.get("ss_num_train_images"));
    assertEquals("1", entries.get("ss_steps"));
    assertEquals(base.hash(), entries.get("palimpsest.base_hash"));
    String layers = String.valueOf(entries.get("palimpsest.layers"));
    assertTrue(layers.contains("erasure of \\\"ferrari\\\""), layers);
    assertTrue(String.valueOf(entries.get("palimpsest.version")).startsWith("palimpsest"));
  }

  @Test
  void recomputationAndAccumulationChangeRoundingOnly() throws IOException {
    Lora expected = train(builder().steps(3), "kept");
    Lora again = train(builder().steps(3).recomputation(Recompute.BLOCKS), "recomputed");
    expected
        .modules()
        .forEach(
            (target, module) ->
                assertArrayEquals(
                    module.up().floats(), up(again, target), 1e-3f, target::toString));
  }

  @Test
  void classPicturesWeighAsTold() throws IOException {
    ImageFolder cars = TinyLoraTraining.pictures(temp.resolve("cars"));
    Lora without = train(builder().steps(2), "without");
    Lora with = train(builder().steps(2).priorPreservation(cars, 0.5), "with");
    assertEquals("5", with.metadata().get("ss_num_reg_images"));
    assertEquals("0.5", with.metadata().get("ss_prior_loss_weight"));
    Lora predicted = train(builder().steps(2).priorPrediction(cars, 0.5), "predicted");
    assertEquals("0.5", predicted.metadata().get("ss_prior_loss_weight"));
    LoraTarget some = without.modules().keySet().iterator().next();
    assertFalse(Arrays.equals(up(without, some), up(with, some)));
    assertFalse(Arrays.equals(up(predicted, some), up(with, some)));
  }

  @Test
  void xlIsTrainedWithBothEncodersAndSizes() throws IOException {
    base = TestModels.xlCheckpoint(3);
    Lora lora = train(full().steps(2), "xl");
    assertEquals(List.of("text_encoder", "text_encoder_2", "unet"), List.copyOf(lora.components()));
    assertEquals("stable-diffusion-xl-v1-base/lora", lora.metadata().get("modelspec.architecture"));
  }

  @Test
  void convolutionsAreTrainedToo() throws IOException {
    Lora lora = train(builder().steps(2).targets(LoraTargets.ALL_WITH_CONV), "conv");
    assertTrue(lora.modules().values().stream().anyMatch(LoraModule::isConvolution));
  }

  @Test
  void encodedPicturesAreKeptUntilTheyChange() throws IOException {
    Path cache = temp.resolve("cache");
    train(builder().steps(1).latentCache(cache), "first");
    List<Path> files = files(cache);
    assertEquals(10, files.size()); // 5 pictures, 2 views
    var before = Files.getLastModifiedTime(files.get(0));
    Files.write(files.get(1), new byte[] {1, 2, 3});
    train(builder().steps(1).latentCache(cache), "second");
    assertEquals(before, Files.getLastModifiedTime(files.get(0)));
    assertTrue(Files.size(files.get(1)) > 3, "a damaged file is made anew");
    Files.copy(
        pictures().pictures().get(0).file(),
        pictures().pictures().get(1).file(),
        StandardCopyOption.REPLACE_EXISTING);
    Files.writeString(temp.resolve("pictures/picture1.txt"), "other");
    made = ImageFolder.of(temp.resolve("pictures"));
    train(builder().steps(1).latentCache(cache), "third");
    assertEquals(10, files(cache).size()); // picture1 is now a copy of picture0
  }

  private static List<Path> files(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  @Test
  void everyPictureThatCannotBeDecodedIsNamed() throws IOException {
    for (int i : new int[] {1, 3}) {
      Path file = temp.resolve("pictures/picture" + i + ".png");
      byte[] bytes = Files.readAllBytes(file);
      Files.write(file, Arrays.copyOf(bytes, 60));
    }
    made = ImageFolder.of(temp.resolve("pictures"));
    var e = assertThrows(CheckpointException.class, () -> train(builder().steps(1), "run"));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains("2 files cannot be used"), message);
    assertTrue(message.contains("picture1.png") && message.contains("picture3.png"), message);
  }

  @Test
  void impossiblePlansAreRefused() throws IOException {
    assertThrows(IllegalStateException.class, () -> LoraTraining.builder(base).steps(1).open(temp));
    for (LoraTrainingBuilder plan :
        List.of(
            builder().steps(1).resolutions(40),
            builder().steps(1).targets(LoraTargets.of("no_such_module")))) {
      assertThrows(IllegalArgumentException.class, () -> train(plan, "run"));
    }
    base = TestModels.checkpoint(3, 9);
    assertThrows(UnsupportedModelException.class, () -> train(builder().steps(1), "inpainting"));
    base = TestModels.unconditionalCheckpoint(3);
    assertThrows(UnsupportedModelException.class, () -> train(builder().steps(1), "unconditional"));
    LoraTrainingBuilder any = builder();
    for (Runnable call :
        List.<Runnable>of(
            () -> any.rank(0),
            () -> any.alpha(0),
            () -> any.dropout(1),
            () -> any.textEncoder(Double.NaN),
            () -> any.resolutions(),
            () -> any.batch(0),
            () -> any.minSnr(0),
            () -> any.noiseOffset(-1),
            () -> any.captionDropout(2),
            () -> any.priorPreservation(pictures(), 0))) {
      assertThrows(IllegalArgumentException.class, call::run);
    }
  }

  @Test
  void otherSettingsAreNotResumed() throws IOException {
    train(builder().steps(1), "run");
    var e =
        assertThrows(
            IllegalArgumentException.class,
            () -> train(builder().steps(1).trigger(TriggerWord.of("zxq")), "run"));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains("triggers=m5g90 car there, m5g90 car, zxq now"), message);
    assertTrue(message.contains("pictures="), message);
    assertThrows(
        IllegalArgumentException.class,
        () -> train(builder().steps(1).learningRate(LearningRate.constant(1)), "run"));
  }
}
