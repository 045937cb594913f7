package dev.palimpsest.esd.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.OnnxClassifier;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Onnx;
import dev.palimpsest.graph.Value;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.DType;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The classifier here gives the mean of each channel, so classes are colours. */
class ClassifierScorerTest {
  @TempDir Path folder;

  private OnnxClassifier colours() throws Exception {
    Value data = Value.input("data", DType.FLOAT32, Dims.parse("batch", 3, "height", "width"));
    Graph graph = Graph.of("colours", "scores", data.mean(2, 3).squeeze(2, 3));
    Path file = folder.resolve("colours.onnx");
    Files.write(file, Onnx.modelWithoutWeights(graph, "none.bin"));
    return OnnxClassifier.builder(file).size(8, 8).open(Device.cpu(1));
  }

  private static BufferedImage picture(int rgb) {
    var picture = new BufferedImage(4, 4, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 16; i++) {
      picture.setRGB(i % 4, i / 4, rgb);
    }
    return picture;
  }

  @Test
  void theSubjectIsRecognisedWhereItsScoreIsTheLargest() throws Exception {
    try (OnnxClassifier colours = colours()) {
      ClassifierScorer scorer = ClassifierScorer.of(colours, Map.of("red", 0, "blue", 2));
      var scores = scorer.score(List.of(picture(0xff0000), picture(0x00ff33)), "red");
      assertTrue(scores.get(0).recognised());
      assertEquals(1, scores.get(0).probability(), 1e-6);
      assertFalse(scores.get(1).recognised());
      assertEquals(
          0.2, scorer.score(List.of(picture(0x00ff33)), "blue").get(0).probability(), 1e-6);
      assertEquals("colours.onnx", scorer.name());
    }
  }

  @Test
  void subjectsAndClassesThatAreNotThereAreRefused() throws Exception {
    try (OnnxClassifier colours = colours()) {
      ClassifierScorer scorer = ClassifierScorer.of(colours, Map.of("infrared", 3));
      assertThrows(IllegalArgumentException.class, () -> scorer.check("red"));
      List<BufferedImage> one = List.of(picture(0));
      assertThrows(IllegalArgumentException.class, () -> scorer.score(one, "infrared"));
      assertThrows(
          IllegalArgumentException.class, () -> ClassifierScorer.of(colours, Map.of("x", -1)));
      assertThrows(IllegalArgumentException.class, () -> ClassifierScorer.of(colours, Map.of()));
    }
  }
}
