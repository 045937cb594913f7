package dev.palimpsest.examples.car.study;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.esd.ConceptErasure;
import dev.palimpsest.esd.ConceptErasureBuilder;
import dev.palimpsest.esd.Confinement;
import dev.palimpsest.esd.EditedTokens;
import dev.palimpsest.esd.Erasure;
import dev.palimpsest.esd.ErasureMethod;
import dev.palimpsest.esd.UnifiedConceptEditing;
import dev.palimpsest.training.LearningRate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Erases all unwanted concepts in one run of ESD; by UCE too, for comparison. */
final class EraseStage implements Stage {
  static final String NAME = "erase";
  static final String ESD = "esd.safetensors";
  static final String UCE = "uce.safetensors";

  private static final double UCE_WEIGHT = 8;
  private static final double UCE_LAMBDA = 0.5;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String title() {
    return "Erase: other makes, flat icons, line drawings and rallies, in one run.";
  }

  @Override
  public Map<String, Object> run(StudyRun study) throws IOException {
    Path folder = study.folder().of(NAME);
    Checkpoint base = study.base();
    var concepts = new Concepts(study.inputs().emoji(), study.plan());
    esd(study, base, folder.resolve("run")).save(folder.resolve(ESD));
    uce(study, base, concepts).save(folder.resolve(UCE));
    return Map.of(
        "replaced", concepts.replaced(),
        "preserved", concepts.preserved(),
        "held", concepts.held());
  }

  private static Erasure uce(StudyRun study, Checkpoint base, Concepts concepts)
      throws IOException {
    UnifiedConceptEditing.Builder plan =
        UnifiedConceptEditing.builder(base)
            .preserve(array(concepts.held()))
            .tokens(EditedTokens.FROM_LAST_SUBJECT)
            .eraseWeight(UCE_WEIGHT)
            .lambda(UCE_LAMBDA)
            .device(study.training());
    concepts.replaced().forEach(plan::replace);
    return plan.edit();
  }

  /** Erases by ESD from any checkpoint, with the study's settings, confined to the concepts. */
  static Erasure esd(StudyRun study, Checkpoint checkpoint, Path folder) throws IOException {
    var concepts = new Concepts(study.inputs().emoji(), study.plan());
    StudyPlan.Erasing plan = study.plan().erase();
    ConceptErasureBuilder builder =
        ConceptErasure.builder(checkpoint)
            .preserve(array(concepts.preserved()))
            .method(ErasureMethod.ESD_X_STRICT)
            .iterations(plan.iterations())
            .learningRate(LearningRate.constant(plan.rate()))
            .batch(plan.batch())
            .denoisingSteps(study.plan().pictures().steps())
            .device(study.training());
    concepts.replaced().forEach(builder::replace);
    try (ConceptErasure run = builder.open(folder)) {
      Erasure erasure =
          run.train(study.begin(NAME, run.iteration(), run.iterations()), study.cancellation());
      study.ended("the erasure", run.iteration(), run.iterations());
      return Confinement.builder(checkpoint)
          .preserve(concepts.held())
          .eraseWeight(plan.confinement())
          .device(study.training())
          .confine(erasure);
    }
  }

  private static String[] array(List<String> prompts) {
    return prompts.toArray(String[]::new);
  }
}
