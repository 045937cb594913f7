package dev.palimpsest.esd;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;
import static java.util.Objects.requireNonNull;

import com.google.common.primitives.Ints;
import dev.palimpsest.attention.AttentionGraph;
import dev.palimpsest.attention.AttentionSite;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.model.UNet2DConditionModel;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Unified concept editing (Gandikota et al., WACV 2024): new key and value matrices of the
 * cross-attention, in closed form and without training, that read a concept's embedding as they
 * read another. Reference: unified-concept-editing, trainscripts/uce_sd_erase.py.
 *
 * <pre>{@code
 * Erasure calm = UnifiedConceptEditing.builder(checkpoint)
 *     .erase("shark").replace("storm", "clear sky").preserve("whale", "dolphin").edit();
 * Checkpoint edited = checkpoint.with(calm);
 * }</pre>
 */
public final class UnifiedConceptEditing {
  private static final String METHOD = "UCE";
  private static final List<String> MATRICES = List.of(".to_k.weight", ".to_v.weight");

  private final Builder settings;

  private UnifiedConceptEditing(Builder settings) {
    this.settings = settings;
  }

  public static Builder builder(Checkpoint checkpoint) {
    return new Builder(requireNonNull(checkpoint));
  }

  /**
   * What a concept shall be read as: a share of itself and shares of other texts.
   *
   * @param own 0 or 1
   */
  private record Target(double own, Map<String, Double> others) {
    static final Target ITSELF = new Target(1, Map.of());

    boolean isItself() {
      return equals(ITSELF);
    }

    /** Such as {@code "art"} or {@code itself + 0.3 "woman"}. */
    @Override
    public String toString() {
      String shares =
          others.entrySet().stream()
              .sorted(Map.Entry.comparingByKey())
              .map(other -> (other.getValue() == 1 ? "" : other.getValue() + " ") + quoted(other))
              .collect(Collectors.joining(" + "));
      return own == 0 ? shares : "itself + " + shares;
    }

    private static String quoted(Map.Entry<String, Double> text) {
      return '"' + text.getKey() + '"';
    }
  }

  private Map<String, Tensor> edited() throws IOException {
    TrainedUNet.check(settings.checkpoint);
    Component unet = settings.checkpoint.component(TrainedUNet.UNET);
    ClosedFormEdit edit = edit();
    var tensors = new TreeMap<String, Tensor>();
    for (AttentionSite site : sites(unet)) {
      if (site.kind() == AttentionSite.Kind.CROSS) {
        for (String matrix : MATRICES) {
          String name = site.name() + matrix;
          tensors.put(name, edit.apply(unet.weights().get(name)));
        }
      }
    }
    return tensors;
  }

  private static List<AttentionSite> sites(Component unet) {
    return AttentionGraph.of(UNet2DConditionModel.graph(unet.config())).sites();
  }

  private ClosedFormEdit edit() throws IOException {
    ClosedFormEdit edit = ClosedFormEdit.of(settings.lambda);
    try (ConceptTexts texts = ConceptTexts.open(settings.checkpoint, settings.device)) {
      for (Map.Entry<String, Target> wish : settings.targets.entrySet()) {
        edit = add(edit, texts, wish.getKey(), wish.getValue());
      }
    }
    return edit;
  }

  private ClosedFormEdit add(
      ClosedFormEdit edit, ConceptTexts texts, String concept, Target target) {
    ConceptTexts.Embedding own = texts.embed(concept);
    var others = new LinkedHashMap<ConceptTexts.Embedding, Double>();
    target.others.forEach((text, share) -> others.merge(texts.embed(text), share, Double::sum));
    int count = own.length();
    for (ConceptTexts.Embedding other : others.keySet()) {
      count = Math.min(count, other.length());
    }
    int length = settings.tokens == EditedTokens.LAST_SUBJECT ? 1 : count;
    Tensor from = own.from(length);
    double[] sum = new double[Ints.checkedCast(from.elements())];
    add(sum, target.own, from);
    others.forEach((other, share) -> add(sum, share, other.from(length)));
    double weight = target.isItself() ? settings.preserveWeight : settings.eraseWeight;
    return edit.map(from, Tensor.of(from.shape(), sum), weight);
  }

  private static void add(double[] sum, double share, Tensor tensor) {
    double[] values = tensor.doubles();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += share * values[i];
    }
  }

  /** Says what to change; {@link #edit} may be called more than once. */
  public static final class Builder {
    private final Checkpoint checkpoint;
    private final Map<String, Target> targets = new LinkedHashMap<>();
    private double eraseWeight = 1;
    private double preserveWeight = 1;
    private double lambda = 0.5;
    private EditedTokens tokens = EditedTokens.LAST_SUBJECT;
    private Device device = Device.cpu();

    private Builder(Checkpoint checkpoint) {
      this.checkpoint = checkpoint;
    }

    /** Concepts that shall be read as the empty prompt. */
    public Builder erase(String... concepts) {
      for (String concept : concepts) {
        put(concept, new Target(0, Map.of("", 1.0)));
      }
      return this;
    }

    /** A concept that shall be read as another, such as an artist as {@code art}. */
    public Builder replace(String concept, String target) {
      checkArgument(
          !normalised(concept).equals(normalised(target)), "'%s' is replaced by itself", concept);
      put(concept, new Target(0, Map.of(target, 1.0)));
      return this;
    }

    /** Concepts that shall be read as before. */
    public Builder preserve(String... concepts) {
      for (String concept : concepts) {
        put(concept, Target.ITSELF);
      }
      return this;
    }

    /**
     * A concept that shall be read as itself and, by a share each, other texts: {@code doctor} with
     * 0.3 of {@code woman}. The paper's debiasing, with shares given instead of searched for.
     *
     * @param shares at least one; negative shares lead away
     */
    public Builder debias(String concept, Map<String, Double> shares) {
      checkArgument(!shares.isEmpty(), "'%s' needs a share of another text", concept);
      shares.forEach(
          (text, share) ->
              checkArgument(
                  Double.isFinite(share) && share != 0,
                  "the share of '%s' must be a number other than 0, was %s",
                  text,
                  share));
      put(concept, new Target(1, Map.copyOf(shares)));
      return this;
    }

    private void put(String concept, Target target) {
      checkArgument(!concept.isBlank(), "a concept must not be empty");
      for (String other : targets.keySet()) {
        checkArgument(
            !normalised(other).equals(normalised(concept)),
            "'%s' is among what is erased, replaced, debiased or preserved already",
            concept);
      }
      targets.put(concept, target);
    }

    /** As CLIP's tokenizer reads it. */
    private static String normalised(String text) {
      return text.strip().replaceAll("\\s+", " ").toLowerCase(Locale.ROOT);
    }

    /** Of the concepts that change, above 0; default 1. */
    public Builder eraseWeight(double weight) {
      this.eraseWeight = checkWeight("eraseWeight", weight);
      return this;
    }

    /** Of the concepts that are preserved, above 0; default 1. */
    public Builder preserveWeight(double weight) {
      this.preserveWeight = checkWeight("preserveWeight", weight);
      return this;
    }

    private static double checkWeight(String name, double weight) {
      checkArgument(
          weight > 0 && weight < Double.POSITIVE_INFINITY, "%s must be > 0, was %s", name, weight);
      return weight;
    }

    /** λ: how much the matrices hold on to what they were, at least 0; default 0.5. */
    public Builder lambda(double lambda) {
      checkArgument(
          lambda >= 0 && lambda < Double.POSITIVE_INFINITY, "lambda must be >= 0, was %s", lambda);
      this.lambda = lambda;
      return this;
    }

    /** Which embeddings of a concept change; default its last token's. */
    public Builder tokens(EditedTokens tokens) {
      this.tokens = requireNonNull(tokens);
      return this;
    }

    /** Where the text encoders run; default all cores of the CPU. */
    public Builder device(Device device) {
      this.device = requireNonNull(device);
      return this;
    }

    /**
     * Computes the new matrices; seconds, for the largest models too. Layers that lie on the
     * checkpoint are kept: what is edited is what they made.
     *
     * @throws IllegalStateException if nothing is to change, or the system is singular
     * @throws IOException if the tokenizer cannot be read
     */
    public Erasure edit() throws IOException {
      checkState(
          !targets.values().stream().allMatch(Target::isItself),
          "nothing to change: give erase, replace or debias");
      Builder copy = copy();
      return Erasure.of(copy.record(), new UnifiedConceptEditing(copy).edited());
    }

    private ErasureRecord record() {
      var changed = new ArrayList<String>();
      var preserved = new ArrayList<String>();
      targets.forEach((text, target) -> (target.isItself() ? preserved : changed).add(text));
      ErasureRecord record =
          ErasureRecord.of(checkpoint, METHOD, changed)
              .preserving(preserved)
              .with("erase_weight", eraseWeight)
              .with("preserve_weight", preserveWeight)
              .with("lambda", lambda)
              .with("tokens", tokens);
      for (String concept : changed) {
        record = record.with("target of " + concept, requireNonNull(targets.get(concept)));
      }
      return record;
    }

    private Builder copy() {
      var copy = new Builder(checkpoint);
      copy.targets.putAll(targets);
      copy.eraseWeight = eraseWeight;
      copy.preserveWeight = preserveWeight;
      copy.lambda = lambda;
      copy.tokens = tokens;
      copy.device = device;
      return copy;
    }
  }
}
