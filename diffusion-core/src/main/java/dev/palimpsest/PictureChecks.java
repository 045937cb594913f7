package dev.palimpsest;

import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The checks that each finished picture passes, in their order. Immutable. */
record PictureChecks(List<ImageCheck> checks) {
  PictureChecks {
    checks = List.copyOf(checks);
  }

  /**
   * The pictures that all checks accept, and why others were rejected.
   *
   * @param pixels float32 [images, 3 or 1, height, width], 0..1
   */
  GenerationResult collect(
      ModelParts model,
      ResolvedRequest request,
      Sample sample,
      Tensor pixels,
      Cancellation cancellation) {
    var images = new ArrayList<GeneratedImage>();
    var rejected = new ArrayList<GenerationResult.Rejection>();
    List<List<ImageCheck.Verdict>> verdicts =
        checks.stream().map(check -> check.check(pixels, cancellation)).toList();
    for (int i = 0; i < request.images(); i++) {
      int image = i;
      String reasons =
          verdicts.stream()
              .map(each -> each.get(image))
              .filter(verdict -> !verdict.accepted())
              .map(ImageCheck.Verdict::reason)
              .collect(Collectors.joining("; "));
      if (reasons.isEmpty()) {
        images.add(
            new GeneratedImage(
                pixels.rows(i, i + 1),
                request.seeds().get(i),
                () -> Provenance.of(model, request, image)));
      } else {
        rejected.add(new GenerationResult.Rejection(request.seeds().get(i), reasons));
      }
    }
    var warnings = new ArrayList<>(sample.warnings());
    warnings.addAll(model.adapters().warnings(request.request()));
    return new GenerationResult(images, rejected, warnings, sample.attention());
  }
}
