package dev.palimpsest.esd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.GenerationRequest;
import dev.palimpsest.TestModels;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.errors.CancelledException;
import dev.palimpsest.esd.report.PictureScorer;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.training.LearningRate;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConceptInversionTest {
  private static final Checkpoint BEFORE = TestModels.checkpoint(7);

  @TempDir Path folder;

  /** Counts the pictures that it is shown; recognises all. */
  private static final class Everything implements PictureScorer {
    int pictures;

    @Override
    public String name() {
      return "everything";
    }

    @Override
    public void check(String subject) {
      if (!subject.equals("a")) {
        throw new IllegalArgumentException("only a");
      }
    }

    @Override
    public List<Score> score(List<BufferedImage> all, String subject) {
      pictures += all.size();
      return all.stream().map(picture -> new Score(true, 1)).toList();
    }
  }

  private static Checkpoint erased(Checkpoint before) throws Exception {
    return before.with(UnifiedConceptEditing.builder(before).erase("a").edit());
  }

  private static ConceptInversionBuilder builder(Checkpoint before) throws Exception {
    return ConceptInversion.builder(before, erased(before))
        .concept("a", "a")
        .examples(1, 2)
        .trials(11, 12, 13)
        .request(GenerationRequest.unconditional().steps(2).guidanceScale(2))
        .batch(2)
        .steps(12)
        .learningRate(LearningRate.constant(0.05))
        .device(Device.cpu(1))
        .scorer(new Everything());
  }

  @Test
  void theStatesThatAreFoundLowerTheLossOfTheErasedModel() throws Exception {
    var losses = new ArrayList<Double>();
    var scorer = new Everything();
    try (ConceptInversion search = builder(BEFORE).steps(60).scorer(scorer).open(folder)) {
      ConceptInversionResult result =
          search.run(step -> losses.add((double) step.loss()), new Cancellation());
      assertEquals(60, result.budget().iterations());
      assertEquals(2, result.budget().examples());
      assertEquals(3, result.elicited().successes());
      assertEquals(9, scorer.pictures);
    }
    double first = losses.subList(0, 15).stream().mapToDouble(loss -> loss).average().orElseThrow();
    double last = losses.subList(45, 60).stream().mapToDouble(loss -> loss).average().orElseThrow();
    assertTrue(last < first, first + " to " + last);
  }

  @Test
  void aStoppedSearchEndsInTheSameStates() throws Exception {
    float[] whole;
    try (ConceptInversion search = builder(BEFORE).open(folder.resolve("whole"))) {
      whole = search.run(step -> {}, new Cancellation()).states().floats();
    }
    Path stopped = folder.resolve("stopped");
    try (ConceptInversion search = builder(BEFORE).open(stopped)) {
      assertThrows(
          CancelledException.class,
          () ->
              search.run(
                  step -> {
                    if (step.step() == 5) {
                      step.cancel();
                    }
                  },
                  new Cancellation()));
    }
    try (ConceptInversion search = builder(BEFORE).open(stopped)) {
      assertArrayEquals(whole, search.run(step -> {}, new Cancellation()).states().floats());
    }
  }

  @Test
  void theFurtherInputsOfXlAreFed() throws Exception {
    try (ConceptInversion search =
        builder(TestModels.xlCheckpoint(3)).steps(2).trials(11).open(folder)) {
      assertEquals(2, search.run(step -> {}, new Cancellation()).budget().iterations());
    }
  }

  @Test
  void whatIsMissingOrContradictsIsNamed() throws Exception {
    var bare = ConceptInversion.builder(BEFORE, BEFORE);
    assertThrows(IllegalStateException.class, () -> bare.open(folder));
    assertThrows(IllegalStateException.class, () -> bare.concept("a", "a").open(folder));
    var judged = builder(BEFORE).trials(2, 3);
    assertThrows(IllegalArgumentException.class, () -> judged.open(folder));
    var unknown = builder(BEFORE).concept("a", "b");
    assertThrows(IllegalArgumentException.class, () -> unknown.open(folder));
    assertThrows(IllegalArgumentException.class, () -> bare.concept(" ", "a"));
    assertThrows(IllegalArgumentException.class, () -> bare.batch(0));
    assertThrows(IllegalArgumentException.class, bare::examples);
    assertThrows(IllegalArgumentException.class, bare::trials);
    var sized = GenerationRequest.unconditional().size(16, 16);
    assertThrows(IllegalArgumentException.class, () -> bare.request(sized));
  }
}
