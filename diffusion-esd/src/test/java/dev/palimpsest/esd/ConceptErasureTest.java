package dev.palimpsest.esd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.TestModels;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.errors.TrainingDivergedException;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.LearningRate;
import dev.palimpsest.training.TrainingListener;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class ConceptErasureTest {
  private static final Checkpoint CHECKPOINT = TestModels.checkpoint(7);

  @TempDir Path temp;

  private static ConceptErasureBuilder plan() {
    return ConceptErasure.builder(CHECKPOINT)
        .erase("cat")
        .iterations(6)
        .denoisingSteps(4)
        .usesPerTrajectory(3)
        .seed(5)
        .saveEvery(2);
  }

  private Erasure train(String folder, ConceptErasureBuilder plan) throws Exception {
    try (ConceptErasure run = plan.open(temp.resolve(folder))) {
      return run.train(TrainingListener.NONE);
    }
  }

  private byte[] file(Erasure erasure) throws Exception {
    Path file = temp.resolve("erasure.safetensors");
    erasure.save(file);
    return Files.readAllBytes(file);
  }

  private void sameAfterCancelling(ConceptErasureBuilder plan) throws Exception {
    byte[] unbroken = file(train("unbroken", plan));
    Path folder = temp.resolve("broken");
    byte[] partial;
    try (ConceptErasure run = plan.open(folder)) {
      Erasure cancelled =
          run.train(
              step -> {
                if (step.step() == 3) {
                  step.cancel();
                }
              });
      assertEquals("3", cancelled.record().settings().get("iterations"));
      partial = file(cancelled);
      assertEquals(CHECKPOINT.hash(), CHECKPOINT.with(cancelled).base().hash());
    }
    try (ConceptErasure run = plan.open(folder)) {
      assertEquals(3, run.iteration());
      assertArrayEquals(partial, file(run.erasure()));
      assertArrayEquals(unbroken, file(run.train(TrainingListener.NONE)));
    }
  }

  @Test
  void cancelledRunsResumeToTheSameBytes() throws Exception {
    sameAfterCancelling(plan().preserve("dog"));
  }

  @Test
  void aConceptIsReplacedAndTheRecordTellsByWhat() throws Exception {
    var targets = new ArrayList<Tensor>();
    Erasure erasure =
        train(
            "replaced",
            plan().replace("dog", "bird").eta(0).observer(sample -> targets.add(sample.target())));
    assertEquals(List.of("cat", "dog"), erasure.record().concepts());
    assertEquals("\"bird\"", erasure.record().settings().get("target of dog"));
    assertEquals(6, targets.size());
    sameAfterCancelling(plan().replace("dog", "bird"));
  }

  @Test
  void cancelledExactRunsResumeToTheSameBytes() throws Exception {
    sameAfterCancelling(plan().exact().from("animal"));
  }

  @Test
  void onlyTheMethodsParametersChangeAndTheLossFalls() throws Exception {
    var losses = new ArrayList<Float>();
    Erasure erasure;
    try (ConceptErasure run =
        plan().iterations(40).learningRate(LearningRate.constant(1e-3)).open(temp)) {
      erasure = run.train(step -> losses.add(step.loss()));
    }
    assertEquals(
        ErasureMethod.ESD_X.parameters(CHECKPOINT.weights("unet"), ParameterRule.SD),
        erasure.tensors().keySet());
    assertTrue(mean(losses.subList(30, 40)) < 0.5 * mean(losses.subList(0, 10)), losses.toString());
    assertNotEquals(CHECKPOINT.hash(), CHECKPOINT.with(erasure).hash());
  }

  private static double mean(List<Float> values) {
    return values.stream().mapToDouble(Float::doubleValue).average().orElseThrow();
  }

  @Test
  void theRecordTellsHowItWasMade() throws Exception {
    Erasure erasure = train("run", plan().erase("bird").from("animal").preserve("dog").eta(1.5));
    ErasureRecord record = erasure.record();
    assertEquals("ESD_X", record.method());
    assertEquals(List.of("cat", "bird"), record.concepts());
    assertEquals(List.of("dog"), record.preserved());
    assertEquals(CHECKPOINT.hash(), record.baseHash());
    assertEquals(
        Map.ofEntries(
            Map.entry("eta", "1.5"),
            Map.entry("seed", "5"),
            Map.entry("batch", "1"),
            Map.entry("from", "animal"),
            Map.entry("denoising_steps", "4"),
            Map.entry("guidance_scale", "3.0"),
            Map.entry("iterations", "6"),
            Map.entry("learning_rate", "5.0E-5"),
            Map.entry("retain_weight", "1.0"),
            Map.entry("states", "pool, 3 uses a trajectory")),
        record.settings());
  }

  @Test
  void conceptsAndPreservedPromptsAreTaughtInTurn() throws Exception {
    var prompts = new ArrayList<String>();
    train(
        "run",
        plan().erase("bird").preserve("dog").batch(2).observer(s -> prompts.add(s.prompt())));
    assertEquals(List.of("cat", "bird", "dog", "dog"), prompts.subList(0, 4));
    assertEquals(24, prompts.size());
  }

  @Test
  void aTrajectoryServesOtherTimestepsEachTime() throws Exception {
    var timesteps = new ArrayList<Double>();
    var noise = new HashSet<Float>();
    train(
        "run",
        plan()
            .usesPerTrajectory(4)
            .iterations(4)
            .observer(
                sample -> {
                  timesteps.add(sample.timestep());
                  if (sample.timestep() > 700) {
                    noise.add(sample.x().floats()[0]);
                  }
                }));
    assertEquals(4, Set.copyOf(timesteps).size(), timesteps.toString());
    assertEquals(1, noise.size());
  }

  @Test
  void otherSeedsGiveOtherErasures() throws Exception {
    assertFalse(
        java.util.Arrays.equals(
            file(train("a", plan().seed(1))), file(train("b", plan().seed(2)))));
  }

  @Test
  void theLargeModelIsErasedFromToo() throws Exception {
    Checkpoint large = TestModels.xlCheckpoint(3);
    Erasure erasure;
    try (ConceptErasure run =
        ConceptErasure.builder(large)
            .erase("cat")
            .preserve("dog")
            .method(ErasureMethod.ESD_U)
            .iterations(2)
            .denoisingSteps(2)
            .open(temp)) {
      erasure = run.train(TrainingListener.NONE);
    }
    assertFalse(erasure.tensors().containsKey("conv_in.weight"));
    assertNotEquals(large.hash(), large.with(erasure).hash());
  }

  /** {@link #CHECKPOINT} whose network is taken to predict the velocity. */
  private static Checkpoint velocityCheckpoint() {
    var scheduler = new HashMap<>(CHECKPOINT.config("scheduler").asMap());
    scheduler.put("prediction_type", "v_prediction");
    List<Component> components = new ArrayList<>();
    for (String name : CHECKPOINT.components()) {
      components.add(
          name.equals("scheduler")
              ? Component.scheduler("DDIMScheduler", Config.of(scheduler))
              : CHECKPOINT.component(name));
    }
    return Checkpoint.of(CHECKPOINT.index(), components);
  }

  @Test
  void aNetworkThatPredictsTheVelocityIsTaughtVelocities() throws Exception {
    var samples = new ArrayList<ErasureSample>();
    var losses = new ArrayList<Float>();
    ConceptErasureBuilder plan =
        ConceptErasure.builder(velocityCheckpoint())
            .erase("cat")
            .eta(2)
            .iterations(4)
            .denoisingSteps(4)
            .usesPerTrajectory(4)
            .observer(samples::add);
    try (ConceptErasure run = plan.open(temp)) {
      run.train(step -> losses.add(step.loss()));
    }
    ErasureSample first = samples.get(0);
    assertEquals(squaredError(first.predictions().get(1), first.target()), losses.get(0), 1e-5);
    samples.sort(Comparator.comparing(ErasureSample::timestep).reversed());
    assertEquals(
        List.of(751.0, 501.0, 251.0, 1.0), samples.stream().map(ErasureSample::timestep).toList());
    for (int i = 0; i < 4; i++) {
      ErasureSample sample = samples.get(i);
      float[] nothing = sample.predictions().get(0).floats();
      float[] concept = sample.predictions().get(1).floats();
      float[] next = i == 3 ? new float[0] : samples.get(i + 1).x().floats();
      for (int j = 0; j < nothing.length; j++) {
        float difference = concept[j] - nothing[j];
        assertEquals(nothing[j] - 2 * difference, sample.target().floats()[j], 1e-5f);
        if (i < 3) {
          double v = nothing[j] + 3 * difference;
          assertEquals(ddim(sample.x().floats()[j], v, sample.timestep()), next[j], 1e-4);
        }
      }
    }
  }

  private static double squaredError(Tensor one, Tensor other) {
    double sum = 0;
    for (int i = 0; i < one.elements(); i++) {
      sum += Math.pow(one.floats()[i] - other.floats()[i], 2);
    }
    return sum / one.elements();
  }

  /** A step of DDIM (Song et al. 2021) of 250 timesteps; v is alpha e - sigma x_0. */
  private static double ddim(double x, double v, double timestep) {
    double kept = kept((int) timestep);
    double clean = Math.sqrt(kept) * x - Math.sqrt(1 - kept) * v;
    double noise = Math.sqrt(1 - kept) * x + Math.sqrt(kept) * v;
    double then = kept((int) timestep - 250);
    return Math.sqrt(then) * clean + Math.sqrt(1 - then) * noise;
  }

  /** The product of all 1 - beta up to a timestep. */
  private static double kept(int timestep) {
    double product = 1;
    for (int t = 0; t <= timestep; t++) {
      double root = Math.sqrt(0.00085) + (Math.sqrt(0.012) - Math.sqrt(0.00085)) * t / 999;
      product *= 1 - root * root;
    }
    return product;
  }

  @Test
  void unknownWordsAreTextToo() throws Exception {
    assertEquals(
        List.of("zzxq ✈ 2047"),
        train(
                "run",
                ConceptErasure.builder(CHECKPOINT)
                    .erase("zzxq ✈ 2047")
                    .iterations(1)
                    .denoisingSteps(2))
            .record()
            .concepts());
  }

  @Test
  void anErasureOnTopOfAnotherNamesIt() throws Exception {
    Checkpoint erased = CHECKPOINT.with(train("first", plan().iterations(1)));
    Erasure second;
    try (ConceptErasure run =
        ConceptErasure.builder(erased)
            .erase("dog")
            .iterations(1)
            .denoisingSteps(2)
            .open(temp.resolve("second"))) {
      second = run.train(TrainingListener.NONE);
    }
    assertEquals(CHECKPOINT.hash(), second.record().baseHash());
    assertEquals(1, second.record().layersBeneath().size());
    assertEquals(2, erased.with(second).layers().size());
  }

  private static void refused(String message, Executable call) {
    var e = assertThrows(IllegalArgumentException.class, call);
    assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
  }

  @Test
  void wrongValuesAreRefused() {
    refused("a concept to erase must not be empty", () -> plan().erase(" "));
    refused("erase from must not be empty", () -> plan().from(""));
    refused("eta must be >= 0 and finite, was -1.0", () -> plan().eta(-1));
    refused("was NaN", () -> plan().eta(Double.NaN));
    refused("was Infinity", () -> plan().eta(Double.POSITIVE_INFINITY));
    refused("iterations must be >= 1, was 0", () -> plan().iterations(0));
    refused("denoisingSteps must be >= 1, was 0", () -> plan().denoisingSteps(0));
    refused("batch must be >= 1, was 0", () -> plan().batch(0));
    refused("usesPerTrajectory must be >= 1, was 0", () -> plan().usesPerTrajectory(0));
    refused("guidanceScale must be >= 0, was NaN", () -> plan().guidanceScale(Double.NaN));
    refused("retainWeight must be > 0, was 0.0", () -> plan().retainWeight(0));
    refused(
        "the concept \"cat\" cannot be erased and preserved",
        () -> plan().preserve("dog", " CAT ").open(temp));
    refused("the target of \"dog\" must not be empty", () -> plan().replace("dog", " "));
    refused("\"dog\" is replaced by itself", () -> plan().replace("dog", "Dog "));
    refused("not both", () -> plan().from("animal").replace("dog", "bird").open(temp));
    var e =
        assertThrows(
            IllegalStateException.class, () -> ConceptErasure.builder(CHECKPOINT).open(temp));
    assertEquals("no concept is to be erased: erase(...) must be given", e.getMessage());
  }

  @Test
  void aFolderOfOtherSettingsIsRefused() throws Exception {
    train("run", plan().iterations(2));
    refused("eta=1.0 there, 2.0 now", () -> plan().iterations(2).eta(2).open(temp.resolve("run")));
    refused(
        "concepts=\"cat\" there, \"cat\", \"dog\" now",
        () -> plan().iterations(2).erase("dog").open(temp.resolve("run")));
    refused(
        "states=pool, 3 uses a trajectory there, exact now",
        () -> plan().iterations(2).exact().open(temp.resolve("run")));
    refused("seed=5 there, 6 now", () -> plan().iterations(2).seed(6).open(temp.resolve("run")));
  }

  @Test
  void modelsThatCannotBeTrainedAreRefused() {
    unsupported("give as many channels as they take", TestModels.checkpoint(7, 9));
    unsupported("text-to-image models", TestModels.unconditionalCheckpoint(7));
  }

  @Test
  void anOnnxExportIsRefusedWithWhatToGive() throws Exception {
    Path dir = Files.createDirectories(temp.resolve("export"));
    Files.writeString(
        dir.resolve("model_index.json"),
        "{\"_class_name\": \"OnnxStableDiffusionPipeline\","
            + " \"unet\": [\"diffusers\", \"OnnxRuntimeModel\"]}");
    Files.write(Files.createDirectories(dir.resolve("unet")).resolve("model.onnx"), new byte[1]);
    unsupported("give the diffusers folder that it was exported from", Checkpoint.read(dir));
  }

  private void unsupported(String message, Checkpoint checkpoint) {
    var e =
        assertThrows(
            UnsupportedModelException.class,
            () -> ConceptErasure.builder(checkpoint).erase("cat").open(temp));
    assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
  }

  @Test
  void aDivergedRunKeepsItsLastGoodState() throws Exception {
    ConceptErasureBuilder plan =
        plan().iterations(40).learningRate(LearningRate.constant(1e37)).saveEvery(1);
    long reached;
    try (ConceptErasure run = plan.open(temp)) {
      assertThrows(TrainingDivergedException.class, () -> run.train(TrainingListener.NONE));
      reached = run.iteration();
    }
    try (ConceptErasure run = plan.open(temp)) {
      assertEquals(reached, run.iteration());
      assertTrue(run.iteration() < 40);
      assertEquals(String.valueOf(reached), run.erasure().record().settings().get("iterations"));
    }
  }

  @Test
  void aDenoisingIsCancelledToo() throws Exception {
    var cancellation = new Cancellation();
    StartDraws draws =
        (item, shape, evaluations, random) -> {
          if (item == 2) {
            cancellation.cancel();
          }
          return StartDraws.SEEDED.draw(item, shape, evaluations, random);
        };
    try (ConceptErasure run = plan().exact(draws).open(temp)) {
      run.train(TrainingListener.NONE, cancellation);
      assertEquals(2, run.iteration());
    }
  }

  @Test
  void preservedPromptsCountByTheirWeight() throws Exception {
    var losses = new ArrayList<Float>();
    for (double weight : new double[] {1, 3}) {
      try (ConceptErasure run =
          plan().preserve("dog").retainWeight(weight).open(temp.resolve("run" + weight))) {
        // Nothing has changed yet, so what is preserved adds nothing to the first loss.
        run.train(step -> losses.add(step.loss()));
      }
    }
    assertEquals(losses.get(0), losses.get(6), 1e-6f);
    assertNotEquals(losses.get(5), losses.get(11));
  }
}
