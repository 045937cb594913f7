package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.esd.UnifiedConceptEditing;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Onnx;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The judge here gives the mean of each channel, so subjects are colours. */
class ReportCommandTest {
  @TempDir static Path temp;

  @SuppressWarnings("NullAway.Init")
  private static Path erasure;

  @SuppressWarnings("NullAway.Init")
  private static Path judge;

  @BeforeAll
  static void write() throws Exception {
    erasure = temp.resolve("no-rocket.safetensors");
    try (StarterModel starter = StarterModel.open()) {
      UnifiedConceptEditing.builder(starter.checkpoint()).erase("rocket").edit().save(erasure);
    }
    judge = temp.resolve("colours.onnx");
    Value data = Value.input("data", DType.FLOAT32, Dims.parse("batch", 3, "height", "width"));
    Graph graph = Graph.of("colours", "scores", data.mean(2, 3).squeeze(2, 3));
    Files.write(judge, Onnx.modelWithoutWeights(graph, "none.bin"));
  }

  @Test
  void aPageJsonAndASheetAreMade() {
    Path out = temp.resolve("report");
    Cli run =
        Cli.run(
            "report",
            "--layer",
            erasure,
            "--beside",
            erasure,
            "--concept",
            "rocket",
            "--sentence",
            "a flat icon of a {}",
            "--unrelated",
            "tulip",
            "--seeds",
            1,
            "--steps",
            2,
            "--judge",
            judge,
            "--class",
            "rocket=0",
            "--class",
            "tulip=1",
            "--judge-size",
            32,
            "--out",
            out);
    assertEquals(0, run.code(), run::err);
    assertTrue(run.out().contains("before") && run.out().contains("no-rocket.safetensors"));
    assertTrue(run.out().contains("paraphrases  recognised"), run::out);
    assertTrue(Files.exists(out.resolve("report.json")));
    assertTrue(Files.exists(out.resolve("report.html")));
  }

  @Test
  void aJudgeWithoutAClassForASubjectIsRefused() {
    Cli run =
        Cli.run(
            "report",
            "--layer",
            erasure,
            "--concept",
            "rocket",
            "--judge",
            judge,
            "--class",
            "tulip=1",
            "--out",
            temp.resolve("refused"));
    assertEquals(2, run.code());
    assertTrue(run.err().contains("no class is given for the subject 'rocket'"), run::err);
  }

  @Test
  void synonymsNeedOneConcept() {
    Cli run =
        Cli.run(
            "report",
            "--layer",
            erasure,
            "--concept",
            "rocket",
            "--concept",
            "tulip",
            "--synonym",
            "spaceship",
            "--judge",
            judge,
            "--class",
            "rocket=0",
            "--out",
            temp.resolve("two"));
    assertEquals(2, run.code());
    assertTrue(run.err().contains("--synonym needs one --concept"), run::err);
  }
}
