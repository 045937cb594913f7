package dev.palimpsest.esd.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.GenerationRequest;
import dev.palimpsest.TestModels;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.WeightLayer;
import dev.palimpsest.errors.CancelledException;
import dev.palimpsest.esd.report.PromptResult.ScoredPicture;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ErasureReportTest {
  private static final Checkpoint BEFORE = TestModels.checkpoint(7);
  private static final Checkpoint AFTER = BEFORE.with(layer());
  private static final GenerationRequest REQUEST =
      GenerationRequest.unconditional().steps(2).guidanceScale(2);

  @TempDir Path folder;

  /** The last convolution is what it was, turned round. */
  private static WeightLayer layer() {
    Tensor weight = BEFORE.weights("unet").get("conv_out.weight");
    float[] values = weight.floats().clone();
    for (int i = 0; i < values.length; i++) {
      values[i] = -values[i];
    }
    return WeightLayer.replacing(
        "turned", "unet", Map.of("conv_out.weight", Tensor.of(weight.shape(), values)));
  }

  /** Recognises pictures whose first pixel is bright; knows no subject "sea". */
  private static final class FirstPixel implements PictureScorer {
    @Override
    public String name() {
      return "first <pixel>";
    }

    @Override
    public void check(String subject) {
      if (subject.equals("sea")) {
        throw new IllegalArgumentException("no class sea");
      }
    }

    @Override
    public List<Score> score(List<BufferedImage> pictures, String subject) {
      return pictures.stream().map(FirstPixel::score).toList();
    }

    static Score score(BufferedImage picture) {
      int green = picture.getRGB(0, 0) >> 8 & 255;
      return new Score(green > 127, green / 255.0);
    }
  }

  private static ErasureReport.Builder builder() {
    return ErasureReport.builder(BEFORE)
        .concept(ReportedConcept.of("a").synonyms("b"))
        .unrelated("c", "<d>")
        .seeds(3, 4, 5)
        .request(REQUEST)
        .device(Device.cpu(1))
        .scorer(new FirstPixel());
  }

  private static ReportResult run(ErasureReport.Builder builder, Path folder) throws IOException {
    return builder.in(folder).run(ReportProgress.Listener.NONE, new Cancellation());
  }

  @Test
  void picturesAreDrawnScoredAndCompared() throws Exception {
    ReportResult result = run(builder().after("turned", AFTER).after("same", BEFORE), folder);
    assertEquals(
        List.of("before", "turned", "same"),
        result.stacks().stream().map(StackResult::name).toList());
    StackResult turned = result.stack("turned");
    assertEquals(3, turned.recognised(PromptKind.CONCEPT).orElseThrow().trials());
    assertEquals(6, turned.recognised(PromptKind.UNRELATED).orElseThrow().trials());
    assertEquals(6, turned.change().orElseThrow().pictures());
    assertTrue(turned.change().orElseThrow().mean() > 0.01);
    assertEquals(0, result.stack("same").change().orElseThrow().largest());
    assertTrue(result.before().change().isEmpty());
    assertEquals(List.of("a"), List.copyOf(turned.subjects(PromptKind.PARAPHRASE).keySet()));
    for (PromptResult prompt : turned.prompts()) {
      assertEquals(List.of(3L, 4L, 5L), prompt.prompt().seeds());
      for (ScoredPicture picture : prompt.pictures()) {
        assertEquals(FirstPixel.score(Pictures.read(picture.file())), picture.score());
      }
    }
    // Of the stack that equals the first one nothing was drawn.
    assertEquals(2 * 4 * 3, pictures(folder).size());
  }

  @Test
  void aPictureIsWhatThePipelineDraws() throws Exception {
    ReportResult result = run(builder().after("turned", AFTER), folder);
    ScoredPicture picture = result.stack("turned").prompts().get(2).pictures().get(1);
    assertEquals(4, picture.seed());
    try (var pipeline =
        dev.palimpsest.DiffusionPipeline.builder(AFTER).device(Device.cpu(1)).open()) {
      assertArrayEquals(
          Pictures.toTensor(
                  pipeline.generate(REQUEST.prompt("c").seed(4)).first().toBufferedImage())
              .floats(),
          Pictures.toTensor(Pictures.read(picture.file())).floats());
    }
  }

  @Test
  void aStoppedReportGoesOnAndEndsInTheSamePictures() throws Exception {
    run(builder().batch(2).workers(2).after("turned", AFTER), folder.resolve("whole"));
    var cancellation = new Cancellation();
    Path stopped = folder.resolve("stopped");
    assertThrows(
        CancelledException.class,
        () ->
            builder()
                .batch(2)
                .after("turned", AFTER)
                .in(stopped)
                .run(
                    progress -> {
                      if (progress.done() >= 5) {
                        cancellation.cancel();
                      }
                    },
                    cancellation));
    int there = pictures(stopped).size();
    assertTrue(there >= 5 && there < 24, there + " pictures");
    Files.delete(pictures(stopped).get(0)); // half of a batch is missing
    var done = new ArrayList<Integer>();
    builder()
        .batch(2)
        .after("turned", AFTER)
        .in(stopped)
        .run(progress -> done.add(progress.done()), new Cancellation());
    assertTrue(done.get(0) > 0, "nothing was kept: " + done);
    assertEquals(24, done.get(done.size() - 1));
    List<Path> whole = pictures(folder.resolve("whole"));
    List<Path> resumed = pictures(stopped);
    assertEquals(24, whole.size());
    for (int i = 0; i < 24; i++) {
      assertEquals(whole.get(i).getFileName(), resumed.get(i).getFileName());
      assertArrayEquals(Files.readAllBytes(whole.get(i)), Files.readAllBytes(resumed.get(i)));
    }
  }

  private static List<Path> pictures(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.toString().endsWith(".png")).sorted().toList();
    }
  }

  @Test
  void otherSettingsInTheFolderAreListed() throws Exception {
    run(builder().after("turned", AFTER), folder);
    var other = builder().after("turned", AFTER).request(REQUEST.steps(3));
    var e = assertThrows(IllegalArgumentException.class, () -> other.in(folder));
    assertTrue(String.valueOf(e.getMessage()).contains("steps=2 there, 3 now"), e::toString);
    // Further prompts and seeds are none of them.
    ReportResult more = run(builder().unrelated("e").seeds(5, 6).after("turned", AFTER), folder);
    assertEquals(6, more.before().recognised(PromptKind.UNRELATED).orElseThrow().trials());
  }

  @Test
  void jsonAndPageTellTheResult() throws Exception {
    ReportResult result = run(builder().after("turned", AFTER), folder);
    result.write(folder);
    Config json = Config.read(folder.resolve("report.json"));
    assertEquals("first <pixel>", json.string("scorer"));
    assertEquals("2", json.object("settings").string("steps"));
    String page = Files.readString(folder.resolve("report.html"));
    assertTrue(page.contains("&lt;d&gt;") && page.contains("first &lt;pixel&gt;"));
    assertFalse(page.contains("<d>") || page.contains("http") || page.contains("<script"));
    assertTrue(page.contains("name=\"viewport\""));
    assertEquals(24, page.split("data:image/png;base64,", -1).length - 1);
    assertEquals(
        result.stacks().stream()
            .flatMap(stack -> stack.prompts().stream())
            .mapToInt(prompt -> prompt.recognised().successes())
            .sum(),
        page.split("class=yes", -1).length - 1);
    BufferedImage sheet = result.sheet(2).draw();
    assertTrue(sheet.getWidth() > 4 * 16 && sheet.getHeight() > 4 * 16);
  }

  @Test
  void whatIsMissingIsNamed() {
    assertThrows(IllegalStateException.class, () -> builder().in(folder));
    var noPrompt = ErasureReport.builder(BEFORE).after("x", AFTER).scorer(new FirstPixel());
    assertThrows(IllegalStateException.class, () -> noPrompt.in(folder));
    var noScorer = ErasureReport.builder(BEFORE).after("x", AFTER).unrelated("c");
    assertThrows(IllegalStateException.class, () -> noScorer.in(folder));
  }

  @Test
  void whatContradictsIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> builder().after("before", AFTER));
    assertThrows(IllegalArgumentException.class, () -> builder().after(" ", AFTER));
    assertThrows(IllegalArgumentException.class, () -> builder().unrelated("c"));
    assertThrows(IllegalArgumentException.class, () -> builder().seeds());
    assertThrows(IllegalArgumentException.class, () -> builder().batch(0));
    assertThrows(IllegalArgumentException.class, () -> builder().workers(0));
    var unknown = builder().after("x", AFTER).unrelated("sea");
    assertThrows(IllegalArgumentException.class, () -> unknown.in(folder));
    var noise = REQUEST.latents(Tensor.zeros(dev.palimpsest.tensor.Shape.of(1, 4, 8, 8)));
    var fromLatents = builder().after("x", AFTER).request(noise);
    assertThrows(IllegalArgumentException.class, () -> fromLatents.in(folder));
  }
}
