package dev.palimpsest;

import dev.palimpsest.attention.PromptWords;
import dev.palimpsest.model.PromptTokens;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Prompts through one CLIP text encoder (Stable Diffusion 1 and 2) or two side by side (XL). The
 * second encoder's pooled state and the picture's sizes are further conditioning.
 */
final class ClipPromptEncoder implements PromptEncoder {
  private final List<TextTower> towers;
  private final boolean zerosForEmpty;

  /**
   * @param zerosForEmpty whether an absent negative prompt is zeros instead of the empty text
   */
  ClipPromptEncoder(List<TextTower> towers, boolean zerosForEmpty) {
    this.towers = List.copyOf(towers);
    this.zerosForEmpty = zerosForEmpty;
  }

  @Override
  public EncodedPrompts encode(
      GenerationRequest request, Size size, boolean guided, Cancellation cancellation) {
    var warnings = new ArrayList<String>();
    String prompt = request.prompt().orElseThrow();
    List<PromptTokens> positive =
        tokenize(request, prompt, request.prompt2().orElse(prompt), warnings);
    boolean zeros = zerosForEmpty && request.negativePrompt().isEmpty();
    String negativeText = request.negativePrompt().orElse("");
    List<PromptTokens> negative =
        tokenize(
            request,
            negativeText,
            request.negativePrompt2().orElse(negativeText),
            guided && !zeros ? warnings : new ArrayList<>());
    Conditioning yes =
        encode(extended(positive, negative), request.clipSkip(), request, cancellation);
    if (!guided) {
      return new EncodedPrompts(sized(yes, request, size, false), Optional.empty(), warnings);
    }
    Conditioning no =
        zeros
            ? zeros(yes)
            : encode(
                extended(negative, positive),
                0,
                request,
                cancellation); // diffusers skips here nothing
    return new EncodedPrompts(
        sized(yes, request, size, false), Optional.of(sized(no, request, size, true)), warnings);
  }

  @Override
  public PromptWords words(GenerationRequest request) {
    var warnings = new ArrayList<String>();
    String prompt = request.prompt().orElseThrow();
    String negative = request.negativePrompt().orElse("");
    List<PromptTokens> own =
        extended(
            tokenize(request, prompt, request.prompt2().orElse(prompt), warnings),
            tokenize(request, negative, request.negativePrompt2().orElse(negative), warnings));
    return towers.get(0).words(own.get(0)); // further encoders divide a text alike
  }

  private List<PromptTokens> tokenize(
      GenerationRequest request, String first, String second, List<String> warnings) {
    var tokens = new ArrayList<PromptTokens>();
    for (int i = 0; i < towers.size(); i++) {
      String text = i == 0 ? first : second;
      tokens.add(
          request.promptSyntax() == PromptSyntax.PLAIN
              ? towers.get(i).plain(text, warnings)
              : towers.get(i).weighted(text));
    }
    return tokens;
  }

  /** As many chunks everywhere as the longest of all has. */
  private List<PromptTokens> extended(List<PromptTokens> own, List<PromptTokens> other) {
    int count = 1;
    for (int i = 0; i < towers.size(); i++) {
      count = Math.max(count, own.get(i).chunks().size());
      count = Math.max(count, other.get(i).chunks().size());
    }
    var all = new ArrayList<PromptTokens>();
    for (int i = 0; i < towers.size(); i++) {
      all.add(towers.get(i).extend(own.get(i), count));
    }
    return all;
  }

  private Conditioning encode(
      List<PromptTokens> prompts,
      int clipSkip,
      GenerationRequest request,
      Cancellation cancellation) {
    var encodings = new ArrayList<TextTower.Encoding>();
    for (int i = 0; i < towers.size(); i++) {
      encodings.add(towers.get(i).encode(prompts.get(i), clipSkip, request, cancellation));
    }
    Conditioning none = Conditioning.none();
    if (encodings.size() == 1) {
      return none.with("encoder_hidden_states", encodings.get(0).tokens());
    }
    List<Tensor> widths = encodings.stream().map(TextTower.Encoding::tokens).toList();
    return none.with("encoder_hidden_states", Tensor.concat(2, widths))
        .with("text_embeds", encodings.get(1).pooled());
  }

  private static Conditioning zeros(Conditioning like) {
    Conditioning zeros = Conditioning.none();
    for (String name : like.tensors().keySet()) {
      zeros = zeros.with(name, Tensor.zeros(like.get(name).orElseThrow().shape()));
    }
    return zeros;
  }

  private Conditioning sized(
      Conditioning prompt, GenerationRequest request, Size size, boolean negative) {
    if (towers.size() == 1) {
      return prompt;
    }
    SizeConditioning own = SizeConditioning.of(size.width(), size.height());
    SizeConditioning sizes = request.sizes().orElse(own);
    SizeConditioning chosen = negative ? request.negativeSizes().orElse(sizes) : sizes;
    return prompt.with("time_ids", Tensor.of(Shape.of(1, 6), chosen.values()));
  }

  @Override
  public void close() {
    towers.forEach(TextTower::close);
  }
}
