package dev.palimpsest.examples.car.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.errors.CancelledException;
import dev.palimpsest.examples.StarterModel;
import dev.palimpsest.examples.StudyListener;
import dev.palimpsest.examples.emoji.Emoji64;
import dev.palimpsest.examples.emoji.Judge;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CarStudyTest {
  private static final Path EMOJI = Path.of("data", "emoji64");
  private static final Path JUDGE =
      Path.of("src/main/resources/dev/palimpsest/examples/judge/judge.onnx");

  @TempDir private Path folder = Path.of("");

  private static StudyPlan tiny(int scenes) {
    return new StudyPlan(
        new StudyPlan.Judging(2, 2),
        new StudyPlan.Encoding(2, 2, 1e-4),
        new StudyPlan.Base(2, 2, 2, 1e-4, 4, 1),
        new StudyPlan.Erasing(2, 1, 3e-4, 1, 1, 1, 8, 8),
        new StudyPlan.Teaching(2, 2, 2, 1e-3, List.of(64), 1, 2, 1),
        new StudyPlan.Drawing(2, scenes, 1, 2, 1, 168, 2));
  }

  /** What a study said. */
  private static final class Said implements StudyListener {
    private final List<String> sentences = new ArrayList<>();

    @Override
    public void begin(String part, long steps) {}

    @Override
    public void step() {}

    @Override
    public void say(String sentence) {
      sentences.add(sentence);
    }
  }

  private List<String> run(StudyPlan plan, Cancellation cancellation) throws IOException {
    var said = new Said();
    try (StarterModel starter = StarterModel.open();
        Judge judge = Judge.open(JUDGE, Device.cpu(1))) {
      var inputs =
          new CarStudy.Inputs(
              starter.checkpoint(),
              judge,
              Emoji64.read(EMOJI),
              RenderData.read(folder.resolve("renders")));
      new CarStudy(plan, inputs, 2).run(folder.resolve("study"), said, cancellation);
    }
    return said.sentences;
  }

  private Map<Path, FileTime> times() throws IOException {
    Map<Path, FileTime> times = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder.resolve("study"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (!file.endsWith("report.html") && !file.endsWith("report.json")) {
          times.put(file, Files.getLastModifiedTime(file));
        }
      }
    }
    return times;
  }

  @Test
  void everyStageLeavesItsResultAndIsNotRunAgain() throws Exception {
    DrawnRenders.write(folder.resolve("renders"), 24);
    List<String> said = run(tiny(4), new Cancellation());
    assertTrue(said.size() >= 11, said::toString);
    Path study = folder.resolve("study");
    String page = Files.readString(study.resolve("report.html"));
    assertTrue(page.contains("What is not good") && page.endsWith("</html>\n"));
    assertFalse(page.contains("src=\"http"));
    Config json = Config.read(study.resolve("report.json"));
    assertEquals(4, json.object("words").object("words").object("make").asMap().size() + 3);
    assertEquals(4, json.object("kept").asMap().size());
    assertEquals(11, json.object("costs").asMap().size());
    assertEquals(168, json.object("settings").object("pictures").integer("width"));

    Map<Path, FileTime> before = times();
    assertEquals(List.of(), run(tiny(4), new Cancellation()));
    assertEquals(before, times());
    Files.delete(study.resolve("words").resolve("result.json"));
    assertEquals(List.of(new WordStage().title()), run(tiny(4), new Cancellation()));

    var e = assertThrows(IllegalArgumentException.class, () -> run(tiny(5), new Cancellation()));
    assertTrue(
        String.valueOf(e.getMessage()).contains("pictures.scenes=4 there, 5 now"), e::toString);
  }

  @Test
  void cancelledStudyLeavesWhatItHas() throws Exception {
    DrawnRenders.write(folder.resolve("renders"), 24);
    var cancellation = new Cancellation();
    cancellation.cancel();
    assertThrows(CancelledException.class, () -> run(tiny(4), cancellation));
    assertTrue(Files.exists(folder.resolve("study").resolve("settings.json")));
  }
}
