package dev.palimpsest;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The memory that generations may need, and how the autoencoder keeps to it. Immutable.
 *
 * @param tiling for requests that do not choose; null for whatever keeps the limit
 * @param limit in bytes; {@link Long#MAX_VALUE} for none
 */
record MemoryBudget(@Nullable VaeTiling tiling, long limit) {

  /**
   * The parts with the autoencoder as the request says, or as the limit demands.
   *
   * @throws IllegalArgumentException if nothing keeps the limit
   */
  ModelParts fitting(ModelParts model, ResolvedRequest request) {
    return limit == Long.MAX_VALUE
        ? model.tiledFor(request.request())
        : model.tiledFor(request.request().vaeTiling(plan(model, request).tiling()));
  }

  /**
   * What the request would need.
   *
   * @throws IllegalArgumentException if nothing keeps the limit
   */
  MemoryPlan plan(ModelParts model, ResolvedRequest request) {
    List<VaeTiling> tilings =
        request
            .request()
            .vaeTiling()
            .or(() -> Optional.ofNullable(tiling))
            .map(List::of)
            .orElse(List.of(VaeTiling.NONE, VaeTiling.EXACT));
    return new MemoryPlanner(model).choose(request, tilings, limit);
  }
}
