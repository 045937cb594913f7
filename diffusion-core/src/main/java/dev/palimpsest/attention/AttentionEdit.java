package dev.palimpsest.attention;

import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.util.Map;

/**
 * A change to the attention probabilities of a network: a function on graph values, and the values
 * that it takes for one request. Write {@link #apply} and pass it to a request; layers that no edit
 * names keep the fused operator. Implementations are immutable.
 *
 * <pre>{@code
 * request.edit(AttentionEdit.reweight("sunset", 1.4))
 *     .edit((site, p, graph) -> p.mul(p).div(p.mul(p).sum(-1)))      // an edit of your own
 * }</pre>
 *
 * <p>{@link #at}, {@link #during}, {@link #on} and {@link #guidingAway} say where and when it acts:
 * without them in all cross-attention, in all steps, on the conditional half. Rows of the batch
 * that an edit does not act on come out unchanged whatever {@code apply} makes of them.
 */
@FunctionalInterface
public interface AttentionEdit {

  /**
   * The edited probabilities.
   *
   * @param site the layer
   * @param probabilities float32 [batch, heads, query tokens, key tokens], as earlier edits left
   *     them; at first each row sums to 1
   * @param graph where to declare inputs and captured values
   * @return a value of the same shape
   */
  Value apply(AttentionSite site, Value probabilities, EditGraph graph);

  /**
   * The values of the inputs that {@link #apply} declared, by the names it gave them.
   *
   * @throws IllegalArgumentException if the edit does not fit the request
   */
  default Map<String, Tensor> values(EditedRequest request) {
    return Map.of();
  }

  /**
   * What decides the graph: edits of equal structure share an opened network. By default the edit
   * itself, so keep the object, or make it a record.
   */
  default Object structure() {
    return this;
  }

  /** Where and when it acts. */
  default EditPlacement placement() {
    return EditPlacement.DEFAULT;
  }

  /** Whether it depends on a prompt: then it belongs to requests, not to a pipeline. */
  default boolean needsPrompt() {
    return false;
  }

  /** Whether it reads the attention of the request's source picture. */
  default boolean needsSource() {
    return false;
  }

  /** What a picture's metadata tell of it: of a record its values, otherwise its class. */
  default String description() {
    Class<?> type = getClass();
    return type.isRecord() ? toString() : type.isHidden() ? "edit" : type.getSimpleName();
  }

  /** In these layers instead. */
  default AttentionEdit at(SiteSelection sites) {
    return new PlacedEdit(this, placement().at(sites));
  }

  /**
   * In a part of the steps: step i of n, counted from 0, if from ≤ i/n &lt; to.
   *
   * @param from 0 to 1
   * @param to 0 to 1
   */
  default AttentionEdit during(double from, double to) {
    return new PlacedEdit(this, placement().during(from, to));
  }

  /** On another half of the guidance pair. */
  default AttentionEdit on(GuidanceHalf half) {
    return new PlacedEdit(this, placement().on(half));
  }

  /**
   * Guides away from what it makes of the conditional prediction ê, by s·(ê − ê_edited). This costs
   * one more row for each picture.
   */
  default AttentionEdit guidingAway(double scale) {
    return new PlacedEdit(this, placement().guidingAway(scale));
  }

  /**
   * Multiplies the attention to a word or phrase of the prompt, everywhere it stands, without
   * normalising anew (prompt-to-prompt's AttentionReweight, Hertz et al. 2022).
   *
   * @param phrase as it stands in the prompt
   */
  static AttentionEdit reweight(String phrase, double factor) {
    return reweight(PromptPart.of(phrase), factor);
  }

  /** {@link #reweight(String, double)} of any part of the prompt. */
  static AttentionEdit reweight(PromptPart part, double factor) {
    return new Reweighting(part, factor);
  }

  /** Takes the attention to a word or phrase away: {@link #reweight} by 0. */
  static AttentionEdit suppress(String phrase) {
    return suppress(PromptPart.of(phrase));
  }

  /** {@link #suppress(String)} of any part of the prompt. */
  static AttentionEdit suppress(PromptPart part) {
    return new Reweighting(part, 0);
  }

  /** Makes the attention of each query token sum to 1 again, after edits that changed the sum. */
  static AttentionEdit normalize() {
    return new Normalization();
  }

  /**
   * Captures the maps as the edits before it leave them; they are in the result and in each step.
   */
  static AttentionEdit capture() {
    return new Capture();
  }

  /**
   * Takes the cross-attention of the request's source picture in place of its own (prompt-to-prompt
   * with words replaced). Prompts of equally many words; a word of other length in tokens shares
   * out its counterpart's.
   */
  static AttentionEdit replace() {
    return new SourceAttention("replace", TokenMapping::ofWords);
  }

  /**
   * Takes the cross-attention of the source picture for what both prompts have, and its own for
   * what the prompt adds (prompt-to-prompt's AttentionRefine).
   */
  static AttentionEdit refine() {
    return new SourceAttention("refine", TokenMapping::ofCommonTokens);
  }

  /**
   * {@link #refine()} with a mapping of your own.
   *
   * @param mapping for each token of the prompt, begin and end included, the source's token whose
   *     attention it takes, or -1 to keep its own
   */
  static AttentionEdit refine(int... mapping) {
    TokenMapping own = TokenMapping.of(mapping);
    return new SourceAttention("refine", request -> own.checked(request.tokens()));
  }

  /**
   * Takes the self-attention of the request's source picture, and so its layout, in place of its
   * own; at half the latents' resolution and below, where prompt-to-prompt does.
   */
  static AttentionEdit injectSelf() {
    return new SelfInjection()
        .at(SiteSelection.self().where("below full size", site -> site.downscale() > 1));
  }

  /**
   * Lets a phrase of the prompt be attended to only from a region of the picture.
   *
   * @param region white where the phrase belongs; scaled to the picture's size
   */
  static AttentionEdit within(BufferedImage region, String phrase) {
    return new RegionalAttention(PromptPart.of(phrase), region);
  }

  /**
   * Perturbed-attention guidance (Ahn et al. 2024): guides away from what the network says where
   * each token attends to itself alone; in the middle block's self-attention.
   *
   * @param scale s; the paper uses 3
   */
  static AttentionEdit perturbedGuidance(double scale) {
    return new Perturbation().at(SiteSelection.self().in("mid_block")).guidingAway(scale);
  }
}
