package dev.palimpsest.examples.fashion;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.TrainingListener;
import dev.palimpsest.training.TrainingResult;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FeatureClassifierTest {
  @TempDir private Path folder = Path.of(".");

  @Test
  void learnsTheClasses() throws IOException {
    FashionMnist data = FashionMnist.read(SmallSet.write(folder.resolve("data"), 8, 200, 300));
    TrainingResult result;
    try (var run =
        FeatureClassifier.training(data.train(), 80, 20, 3).open(folder.resolve("run"))) {
      result = run.train(TrainingListener.NONE);
    }
    int[] all = new int[300]; // more than are looked at in one go
    for (int i = 0; i < all.length; i++) {
      all[i] = i;
    }
    try (var classifier = FeatureClassifier.open(8, result.best(), Device.cpu())) {
      FeatureClassifier.Seen seen = classifier.look(data.test().floats(all));
      assertEquals(Shape.of(300, 128), seen.features().shape());
      double accuracy = seen.accuracy(data.test().labels(all));
      assertTrue(accuracy > 0.95, "accuracy " + accuracy);
      Tensor one = data.test().floats(7);
      assertEquals(seen.classes().get(7), classifier.look(one).classes().get(0));
      assertThrows(IllegalArgumentException.class, () -> seen.accuracy(Tensor.of(Shape.of(1), 0L)));
    }
  }

  @Test
  void aSideThatCannotBeHalvedTwice() {
    assertThrows(IllegalArgumentException.class, () -> FeatureClassifier.graph(10));
  }
}
