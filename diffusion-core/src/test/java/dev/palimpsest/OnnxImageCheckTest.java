package dev.palimpsest;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Onnx;
import dev.palimpsest.graph.Value;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The classifiers here give the mean of each of their input's channels, so scores are colours. */
class OnnxImageCheckTest {
  private static final Tensor REDDISH = picture(1, 0.4f, 0.2f);

  @TempDir static Path temp;

  @SuppressWarnings("NullAway.Init")
  private static Path planar;

  @SuppressWarnings("NullAway.Init")
  private static Path interleaved;

  @BeforeAll
  static void write() throws IOException {
    planar =
        write("planar", input(Dims.parse("batch", 3, "height", "width")).mean(2, 3).squeeze(2, 3));
    interleaved =
        write("interleaved", input(Dims.parse("batch", 8, 4, 3)).mean(1, 2).squeeze(1, 2));
  }

  private static Value input(Dims dims) {
    return Value.input("data", DType.FLOAT32, dims);
  }

  private static Path write(String name, Value scores) throws IOException {
    Path file = temp.resolve(name + ".onnx");
    return Files.write(
        file, Onnx.modelWithoutWeights(Graph.of(name, "scores", scores), "none.bin"));
  }

  /** One colour, 16 × 16. */
  private static Tensor picture(float red, float green, float blue) {
    float[] values = new float[3 * 256];
    for (int i = 0; i < values.length; i++) {
      values[i] = i < 256 ? red : i < 512 ? green : blue;
    }
    return Tensor.of(Shape.of(1, 3, 16, 16), values);
  }

  private static String reason(OnnxImageCheck.Builder builder) throws IOException {
    try (var check = builder.open(Device.cpu())) {
      ImageCheck.Verdict verdict = check.check(REDDISH, new Cancellation()).get(0);
      assertEquals(verdict.accepted(), verdict.reason().isEmpty());
      return verdict.reason();
    }
  }

  /** Rules that no score passes, so that the reason tells the first one's score. */
  private static OnnxImageCheck.Builder score(Path model, int index) {
    return OnnxImageCheck.builder(model).rejectAbove("score", index, -1000);
  }

  @Test
  void scoresAboveTheThresholdReject() throws IOException {
    var builder = OnnxImageCheck.builder(planar);
    assertEquals("", reason(builder.rejectAbove("green", 1, 0.4)));
    assertEquals("red scores 1.000, above 0.9", reason(builder.rejectAbove("red", 0, 0.9)));
    assertEquals(
        "blue scores 0.200, above 0.1",
        reason(
            OnnxImageCheck.builder(planar).rejectAbove("blue", 2, 0.1).rejectAbove("red", 0, 0.9)),
        "the first rule that holds");
  }

  @Test
  void eachPictureHasItsVerdict() throws IOException {
    try (var check = OnnxImageCheck.builder(planar).rejectAbove("red", 0, 0.5).open(Device.cpu())) {
      Tensor three = Tensor.concat(List.of(REDDISH, picture(0, 1, 1), REDDISH));
      List<ImageCheck.Verdict> verdicts = check.check(three, new Cancellation());
      assertEquals(3, verdicts.size());
      assertFalse(verdicts.get(0).accepted());
      assertTrue(verdicts.get(1).accepted());
      assertFalse(verdicts.get(2).accepted());
    }
  }

  @Test
  void pictureIsPreparedAsTheBuilderSays() throws IOException {
    assertTrue(reason(score(planar, 1)).startsWith("score scores 0.400"));
    assertTrue(reason(score(planar, 1).range(255)).startsWith("score scores 102.000"));
    assertTrue(reason(score(planar, 1).normalize(0.5, 0.25)).startsWith("score scores -0.400"));
    assertTrue(reason(score(planar, 0).blueFirst()).startsWith("score scores 0.200"));
    assertTrue(reason(score(planar, 2).blueFirst()).startsWith("score scores 1.000"));
    // Means and deviations are by colour, wherever the colour lies.
    var byColour =
        score(planar, 2)
            .range(255)
            .blueFirst()
            .normalize(List.of(55.0, 2.0, 3.0), List.of(2.0, 1.0, 1.0));
    assertTrue(reason(byColour).startsWith("score scores 100.000"));
  }

  @Test
  void channelsMayComeLastAndAnySize() throws IOException {
    var last = score(interleaved, 1).size(4, 8).channelsLast();
    assertTrue(reason(last).startsWith("score scores 0.400"));
    assertTrue(reason(last.blueFirst().rejectAbove("x", 0, 0)).startsWith("score scores 0.400"));
    assertTrue(
        reason(score(interleaved, 0).size(4, 8).channelsLast().blueFirst())
            .startsWith("score scores 0.200"));
    // Width and height in the wrong order do not fit the model's input.
    assertThrows(
        IllegalArgumentException.class,
        () -> reason(score(interleaved, 1).size(8, 4).channelsLast()));
    assertThrows(IllegalArgumentException.class, () -> reason(score(interleaved, 1).size(4, 8)));
  }

  @Test
  void softmaxTurnsLogitsIntoShares() throws IOException {
    double[] e = {Math.exp(1), Math.exp(0.4), Math.exp(0.2)};
    double share = e[0] / (e[0] + e[1] + e[2]);
    String reason = reason(OnnxImageCheck.builder(planar).softmax().rejectAbove("red", 0, 0.4));
    assertEquals(String.format(java.util.Locale.ROOT, "red scores %.3f, above 0.4", share), reason);
    // Logits of hundreds do not overflow.
    assertEquals(
        "red scores 1.000, above 0.4",
        reason(OnnxImageCheck.builder(planar).range(2000).softmax().rejectAbove("red", 0, 0.4)));
  }

  @Test
  void anUndefinedScoreRejects() throws IOException {
    Value data = input(Dims.parse("batch", 3, "height", "width"));
    Value undefined = data.mean(2, 3).squeeze(2, 3).neg().add(-1f).log();
    Path file = write("undefined", undefined);
    String reason = reason(OnnxImageCheck.builder(file).rejectAbove("red", 0, 0.9));
    assertEquals("red scores NaN, above 0.9", reason);
  }

  @Test
  void aRejectedPictureIsReportedWithTheReason() throws Exception {
    try (ImageCheck everything =
            OnnxImageCheck.builder(planar).rejectAbove("red", 0, -1).open(Device.cpu());
        ImageCheck nothing =
            OnnxImageCheck.builder(planar).rejectAbove("red", 0, 1).open(Device.cpu());
        var pipeline = TestModels.tiny(7).addImageCheck(nothing).addImageCheck(everything).open()) {
      GenerationRequest request = GenerationRequest.of("a cat").steps(2).seeds(4, 9);
      GenerationResult result = pipeline.generate(request);
      assertEquals(List.of(), result.images());
      assertEquals(OptionalLong.of(4), result.rejected().get(0).seed());
      assertEquals(OptionalLong.of(9), result.rejected().get(1).seed());
      assertTrue(result.rejected().get(0).reason().matches("red scores 0\\.\\d{3}, above -1.0"));
      var e = assertThrows(IllegalStateException.class, result::first);
      assertTrue(String.valueOf(e.getMessage()).contains("red scores"), e.getMessage());
    }
  }

  @Test
  void aClassTheModelDoesNotHaveIsNamed() throws IOException {
    try (var check =
        OnnxImageCheck.builder(planar).rejectAbove("weapon", 3, 0.5).open(Device.cpu())) {
      var e =
          assertThrows(
              IllegalArgumentException.class, () -> check.check(REDDISH, new Cancellation()));
      assertEquals(
          "class 3 (weapon) is outside the classifier's 3 scores", requireNonNull(e.getMessage()));
    }
  }

  @Test
  void aCheckWithoutARuleIsRefused() {
    assertThrows(
        IllegalStateException.class, () -> OnnxImageCheck.builder(planar).open(Device.cpu()));
  }

  @Test
  void badOptionsAreRefused() throws IOException {
    var builder = OnnxImageCheck.builder(planar);
    assertThrows(IllegalArgumentException.class, () -> builder.size(0, 4));
    assertThrows(IllegalArgumentException.class, () -> builder.rejectAbove("x", -1, 0));
    assertThrows(IllegalArgumentException.class, () -> builder.rejectAbove("x", 0, Double.NaN));
    assertThrows(
        IllegalArgumentException.class, () -> builder.normalize(List.of(1.0), List.of(1.0)));
    Path file = Files.writeString(temp.resolve("bad.onnx"), "bad");
    assertThrows(
        CheckpointException.class,
        () -> OnnxImageCheck.builder(file).rejectAbove("x", 0, 0).open(Device.cpu()));
  }

  @Test
  void theBuilderMayChangeAfterOpening() throws IOException {
    var builder = OnnxImageCheck.builder(planar).rejectAbove("red", 0, 2);
    try (var check = builder.open(Device.cpu())) {
      builder.range(255).blueFirst().softmax().rejectAbove("red", 0, 0);
      assertTrue(check.check(REDDISH, new Cancellation()).get(0).accepted());
    }
  }
}
