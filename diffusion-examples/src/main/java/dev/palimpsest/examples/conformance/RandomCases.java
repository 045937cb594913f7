package dev.palimpsest.examples.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.TorchGenerator;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Area {@code random}: the draws of torch's CPU generator. */
final class RandomCases {
  private RandomCases() {}

  static void addTo(Map<String, CaseKind> kinds) {
    kinds.put(
        "torch_randn",
        c -> c.put("values", generator(c.field("seed")).randn(shape(c.field("shape")))));
    kinds.put(
        "torch_rand",
        c -> c.put("values", generator(c.field("seed")).rand(shape(c.field("shape")))));
    kinds.put("torch_randn_sequence", RandomCases::sequence);
    kinds.put("torch_randn_per_image", RandomCases::perImage);
  }

  private static void sequence(ConformanceCase c) {
    TorchGenerator generator = generator(c.field("seed"));
    int draw = 0;
    for (JsonNode shape : c.field("shapes")) {
      c.put("draw." + draw++, generator.randn(shape(shape)));
    }
  }

  private static void perImage(ConformanceCase c) {
    List<NoiseSource> sources = new ArrayList<>();
    c.field("seeds").forEach(seed -> sources.add(NoiseSource.torch(seed.asLong())));
    Shape one = shape(c.field("shape"));
    c.put("values", NoiseSource.perImage(sources).gaussian(one.withDim(0, sources.size())));
  }

  private static TorchGenerator generator(JsonNode seed) {
    return new TorchGenerator(seed.asLong());
  }

  private static Shape shape(JsonNode sizes) {
    long[] dims = new long[sizes.size()];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = sizes.get(i).asLong();
    }
    return Shape.of(dims);
  }
}
