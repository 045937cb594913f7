package dev.palimpsest.examples.erasure;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.errors.CancelledException;
import dev.palimpsest.esd.ConceptErasure;
import dev.palimpsest.esd.ConceptErasureBuilder;
import dev.palimpsest.esd.Confinement;
import dev.palimpsest.esd.EditedTokens;
import dev.palimpsest.esd.Erasure;
import dev.palimpsest.esd.ErasureMethod;
import dev.palimpsest.esd.UnifiedConceptEditing;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.training.LearningRate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** How the study erases. */
public interface StudyMethod {
  /** Such as {@code ESD_X}. */
  String name();

  /** All settings, for the results. */
  Map<String, Object> settings();

  /**
   * Erases concepts from a model.
   *
   * @param folder where a run may keep its state
   * @throws CancelledException if cancelled
   */
  Erasure erase(Checkpoint checkpoint, Wish wish, Path folder, Cancellation cancellation)
      throws IOException;

  /**
   * What to erase.
   *
   * @param targets what concepts are drawn as afterwards, where a picture must have one of a kind
   * @param preserved prompts that a method may preserve
   */
  record Wish(List<String> concepts, Map<String, String> targets, List<String> preserved) {
    static Wish erasing(List<String> concepts, List<String> preserved) {
      return new Wish(concepts, Map.of(), preserved);
    }

    /** Hands each concept to one of two, with its target where it has one. */
    void tell(Consumer<String> erase, BiConsumer<String, String> replace) {
      for (String concept : concepts) {
        String target = targets.get(concept);
        if (target == null) {
          erase.accept(concept);
        } else {
          replace.accept(concept, target);
        }
      }
    }

    Wish preserving(int count) {
      return new Wish(concepts, targets, preserved.subList(0, Math.min(count, preserved.size())));
    }
  }

  /**
   * ESD.
   *
   * @param preserve how many prompts have a row in the training
   * @param confinement how much a concept counts beside the prompts that may be preserved where the
   *     erasure is confined; 0 is not at all
   * @param exact whether each state is denoised anew
   */
  record Esd(
      ErasureMethod method,
      int iterations,
      double learningRate,
      double eta,
      int batch,
      int preserve,
      double confinement,
      boolean exact,
      Device device)
      implements StudyMethod {
    @Override
    public String name() {
      return method.name();
    }

    @Override
    public Map<String, Object> settings() {
      return Map.of(
          "iterations", iterations,
          "learning_rate", learningRate,
          "eta", eta,
          "batch", batch,
          "preserve", preserve,
          "confinement", confinement,
          "exact", exact);
    }

    @Override
    public Erasure erase(Checkpoint checkpoint, Wish wish, Path folder, Cancellation cancellation)
        throws IOException {
      ConceptErasureBuilder plan =
          ConceptErasure.builder(checkpoint)
              .preserve(wish.preserving(preserve).preserved.toArray(String[]::new))
              .method(method)
              .iterations(iterations)
              .learningRate(LearningRate.constant(learningRate))
              .eta(eta)
              .batch(batch)
              .device(device);
      wish.tell(plan::erase, plan::replace);
      try (ConceptErasure run = (exact ? plan.exact() : plan).open(folder)) {
        Erasure erasure = run.train(step -> {}, cancellation);
        cancellation.throwIfCancelled();
        return confinement == 0 ? erasure : confined(checkpoint, wish, erasure);
      }
    }

    private Erasure confined(Checkpoint checkpoint, Wish wish, Erasure erasure) throws IOException {
      return Confinement.builder(checkpoint)
          .preserve(wish.preserved)
          .eraseWeight(confinement)
          .device(device)
          .confine(erasure);
    }
  }

  /**
   * UCE.
   *
   * @param preserve how many prompts are preserved
   */
  record Uce(EditedTokens tokens, double eraseWeight, double lambda, int preserve, Device device)
      implements StudyMethod {
    @Override
    public String name() {
      return "UCE";
    }

    @Override
    public Map<String, Object> settings() {
      return Map.of(
          "tokens", tokens.name(),
          "erase_weight", eraseWeight,
          "lambda", lambda,
          "preserve", preserve);
    }

    @Override
    public Erasure erase(Checkpoint checkpoint, Wish wish, Path folder, Cancellation cancellation)
        throws IOException {
      UnifiedConceptEditing.Builder plan =
          UnifiedConceptEditing.builder(checkpoint)
              .preserve(wish.preserving(preserve).preserved.toArray(String[]::new))
              .tokens(tokens)
              .eraseWeight(eraseWeight)
              .lambda(lambda)
              .device(device);
      wish.tell(plan::erase, plan::replace);
      return plan.edit();
    }
  }
}
