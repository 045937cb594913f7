package dev.palimpsest.esd;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.esd.ConceptTexts.Embedding;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/**
 * Keeps an erasure to its concepts: of the change of the matrices that read texts, only what acts
 * on the concepts stays, and what acts on preserved prompts goes. Without training, in seconds.
 *
 * <pre>{@code
 * Erasure narrow = Confinement.builder(checkpoint).preserve(prompts).confine(erasure);
 * }</pre>
 *
 * <p>For each changed matrix W + D it is W + D' with the D' that minimises s Σ ‖D' c − D c‖² + Σ
 * ‖D' p‖² + λ ‖D' − D‖², where c are the token states of the erased concepts, except those that
 * preserved prompts share, and p those of the preserved prompts. The same least squares as {@link
 * UnifiedConceptEditing}'s, with what training found in the place of another text.
 */
public final class Confinement {
  private static final Set<String> MATRICES = Set.of("attn2.to_k.weight", "attn2.to_v.weight");

  private final Builder settings;

  private Confinement(Builder settings) {
    this.settings = settings;
  }

  /**
   * A confinement to be configured.
   *
   * @param checkpoint the one that the erasures were made on, with the layers beneath them
   */
  public static Builder builder(Checkpoint checkpoint) {
    return new Builder(requireNonNull(checkpoint));
  }

  private Erasure confined(Erasure erasure) throws IOException {
    ClosedFormEdit edit = edit(erasure.record().concepts());
    Weights weights = settings.checkpoint.weights(TrainedUNet.UNET);
    var tensors = new TreeMap<String, Tensor>();
    erasure
        .tensors()
        .forEach((name, erased) -> tensors.put(name, confined(edit, weights.get(name), erased)));
    return Erasure.of(record(erasure.record()), tensors);
  }

  private static Tensor confined(ClosedFormEdit edit, Tensor before, Tensor erased) {
    Tensor change = edit.apply(sum(erased, before, -1));
    return sum(before, change, 1);
  }

  private static Tensor sum(Tensor first, Tensor second, int sign) {
    float[] a = first.floats();
    float[] b = second.floats();
    float[] sum = new float[a.length];
    for (int i = 0; i < sum.length; i++) {
      sum[i] = a[i] + sign * b[i];
    }
    return Tensor.of(first.shape(), sum);
  }

  private ClosedFormEdit edit(List<String> concepts) throws IOException {
    try (ConceptTexts texts = ConceptTexts.open(settings.checkpoint, settings.device)) {
      List<Embedding> kept = settings.preserved.stream().map(texts::embed).toList();
      List<Embedding> gone = concepts.stream().map(texts::embed).toList();
      Tensor preserved = Tensor.concat(kept.stream().map(Embedding::states).toList());
      return ClosedFormEdit.of(settings.lambda)
          .keep(Tensor.concat(own(gone, kept)), settings.eraseWeight)
          .map(preserved, Tensor.zeros(preserved.shape()), 1);
    }
  }

  /** The states of concepts that no preserved prompt has. */
  private static List<Tensor> own(List<Embedding> concepts, List<Embedding> preserved) {
    var shared = new HashSet<List<Long>>();
    preserved.forEach(text -> text.places().forEach(place -> shared.add(text.read(place))));
    var own = new ArrayList<Tensor>();
    for (Embedding concept : concepts) {
      concept
          .places()
          .filter(place -> !shared.contains(concept.read(place)))
          .forEach(place -> own.add(concept.states().rows(place, place + 1)));
    }
    checkArgument(!own.isEmpty(), "all that is erased is preserved, too");
    return own;
  }

  private ErasureRecord record(ErasureRecord record) {
    return record
        .with("confined_erase_weight", settings.eraseWeight)
        .with("confined_lambda", settings.lambda)
        .with("confined_prompts", settings.preserved.size());
  }

  /** Says what is preserved and how much. */
  public static final class Builder {
    private final Checkpoint checkpoint;
    private final List<String> preserved = new ArrayList<>();
    private double eraseWeight = 40;
    private double lambda = 0.5;
    private Device device = Device.cpu();

    private Builder(Checkpoint checkpoint) {
      this.checkpoint = checkpoint;
    }

    /** Prompts on which nothing is to change: hundreds are better than ten; with those before. */
    public Builder preserve(Collection<String> prompts) {
      for (String prompt : prompts) {
        checkArgument(!prompt.isBlank(), "a preserved prompt must not be empty");
        preserved.add(prompt);
      }
      return this;
    }

    /** s: how much a concept's state counts beside a preserved one, above 0; default 40. */
    public Builder eraseWeight(double weight) {
      checkArgument(
          weight > 0 && Double.isFinite(weight), "eraseWeight must be > 0, was %s", weight);
      eraseWeight = weight;
      return this;
    }

    /** λ: how much the change stays where no text reads it, above 0; default 0.5. */
    public Builder lambda(double value) {
      checkArgument(value > 0 && Double.isFinite(value), "lambda must be > 0, was %s", value);
      lambda = value;
      return this;
    }

    /** Where the text encoders run; default all cores of the CPU. */
    public Builder device(Device value) {
      device = requireNonNull(value);
      return this;
    }

    /**
     * The erasure of the same concepts with its change confined to them. The erasure given stays as
     * it is.
     *
     * @throws IllegalStateException if nothing is preserved
     * @throws IllegalArgumentException if the erasure was made on another checkpoint, changes other
     *     weights than keys and values of cross-attention, or erases nothing but what is preserved
     * @throws IOException if the tokenizer cannot be read
     */
    public Erasure confine(Erasure erasure) throws IOException {
      checkState(!preserved.isEmpty(), "nothing to preserve: give preserve");
      for (String name : erasure.tensors().keySet()) {
        checkArgument(
            MATRICES.stream().anyMatch(name::endsWith),
            "%s changes %s, which reads no text; what can be confined is keys and values of"
                + " cross-attention (ESD_X_STRICT, UCE)",
            erasure,
            name);
      }
      checkpoint.with(erasure);
      return new Confinement(this).confined(erasure);
    }
  }
}
