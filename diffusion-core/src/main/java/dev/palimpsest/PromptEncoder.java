package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.attention.PromptWords;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What turns a request's prompt into conditioning: one kind a family of models. */
interface PromptEncoder extends AutoCloseable {

  /**
   * @param width of the picture in pixels
   * @param guided whether a negative half is needed
   */
  EncodedPrompts encode(
      GenerationRequest request, Size size, boolean guided, Cancellation cancellation);

  /** The tokens of a request's prompt as the network attends to them. */
  default PromptWords words(GenerationRequest request) {
    return PromptWords.unknown();
  }

  /** Pixels. */
  record Size(int width, int height) {
    public Size {
      checkArgument(
          width > 0 && height > 0, "width and height must be > 0, were %sx%s", width, height);
    }
  }

  @Override
  void close();

  /** Models without prompts. */
  static PromptEncoder none() {
    return classes(0, null);
  }

  /**
   * Models without prompts, conditioned on a class label.
   *
   * @param classes how many; 0 for an unconditional model
   * @param unconditional the label that means no class, or null if the model has none
   */
  static PromptEncoder classes(int classes, @Nullable Integer unconditional) {
    return new PromptEncoder() {
      @Override
      public EncodedPrompts encode(
          GenerationRequest request, Size size, boolean guided, Cancellation cancellation) {
        checkArgument(
            request.prompt().isEmpty(),
            "this model takes no prompt; use GenerationRequest.%s",
            classes > 0 ? "ofClass(label)" : "unconditional()");
        if (classes == 0) {
          checkArgument(request.classLabel().isEmpty(), "this model knows no classes");
          return new EncodedPrompts(Conditioning.none(), Optional.empty(), List.of());
        }
        int label = request.classLabel().orElse(-1);
        checkArgument(
            0 <= label && label < classes, "the class label must be in 0..%s", classes - 1);
        checkArgument(
            !guided || unconditional != null, "this model has no class for guidance to lead from");
        return new EncodedPrompts(
            label(label),
            guided && unconditional != null ? Optional.of(label(unconditional)) : Optional.empty(),
            List.of());
      }

      @Override
      public void close() {}
    };
  }

  private static Conditioning label(int label) {
    return Conditioning.none().with("class_labels", Tensor.of(Shape.of(1), (long) label));
  }
}
