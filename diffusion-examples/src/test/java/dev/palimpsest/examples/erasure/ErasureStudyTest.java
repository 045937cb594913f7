package dev.palimpsest.examples.erasure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.TestModels;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.esd.EditedTokens;
import dev.palimpsest.esd.report.PictureScorer;
import dev.palimpsest.esd.report.PromptKind;
import dev.palimpsest.esd.report.Proportion;
import dev.palimpsest.esd.report.ReportPrompt;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ErasureStudyTest {
  private static final StudyMethod UCE =
      new StudyMethod.Uce(EditedTokens.LAST_SUBJECT, 1, 0.1, 1, Device.cpu(1));

  @TempDir Path folder;

  /** Recognises what it is told to. */
  private record Only(String subject) implements PictureScorer {
    @Override
    public String name() {
      return "only " + subject;
    }

    @Override
    public void check(String any) {}

    @Override
    public List<Score> score(List<BufferedImage> pictures, String asked) {
      boolean seen = asked.equals(subject);
      return pictures.stream().map(picture -> new Score(seen, seen ? 1 : 0)).toList();
    }
  }

  private static StudyTrial trial(String name) {
    return new StudyTrial(
        name,
        StudyTrial.Group.SUBJECT,
        StudyMethod.Wish.erasing(List.of(name), List.of("p")),
        List.of(
            ReportPrompt.of(PromptKind.CONCEPT, name, name).seeds(1, 2),
            ReportPrompt.of(PromptKind.UNRELATED, "o", "o").seeds(1)));
  }

  private List<String> run() throws Exception {
    var said = new ArrayList<String>();
    new ErasureStudy(TestModels.checkpoint(7), new Only("a"), UCE, folder, 1)
        .run(
            List.of(trial("b"), trial("a")),
            new ErasureStudy.Listener(said::add, progress -> {}),
            new Cancellation());
    return said;
  }

  @Test
  void rowsArePooledAndTheWorstComesFirst() throws Exception {
    assertEquals(2, run().size());
    List<String> table = Files.readAllLines(folder.resolve("UCE-subject.md"));
    assertEquals(5, table.size());
    assertTrue(table.get(2).startsWith("| subjects | 50.0 % "), table::toString);
    assertTrue(table.get(3).startsWith("| a | 100.0 % "), table::toString);
    assertTrue(table.get(4).startsWith("| b | 0.0 % "), table::toString);
    Config json = Config.read(folder.resolve("UCE-subject.json"));
    assertEquals("UCE", json.object("settings").string("method"));
    assertTrue(Files.size(folder.resolve("UCE-subject.png")) > 0);
  }

  @Test
  void aStudyThatIsDoneDrawsNothingAnew() throws Exception {
    run();
    Path picture;
    try (var files = Files.walk(folder.resolve("pictures"))) {
      picture = files.filter(file -> file.toString().endsWith("-2.png")).findFirst().orElseThrow();
    }
    var drawn = Files.getLastModifiedTime(picture);
    byte[] table = Files.readAllBytes(folder.resolve("UCE-subject.json"));
    run();
    assertEquals(drawn, Files.getLastModifiedTime(picture));
    assertArrayEquals(table, Files.readAllBytes(folder.resolve("UCE-subject.json")));
  }

  @Test
  void pooledProportionsAreSums() {
    var one = new StudyRow("a", of(3, 4), of(0, 4), of(9, 10), of(8, 10), 0.1);
    var other = new StudyRow("b", of(4, 4), of(1, 4), of(7, 10), of(7, 10), 0.3);
    StudyRow both = StudyRow.pooled("both", List.of(one, other));
    assertEquals(of(7, 8), both.erasedBefore());
    assertEquals(of(1, 8), both.erasedAfter());
    assertEquals(5, both.lost(), 1e-9);
    assertEquals(0.2, both.change(), 1e-9);
  }

  private static Proportion of(int successes, int trials) {
    return new Proportion(successes, trials);
  }
}
