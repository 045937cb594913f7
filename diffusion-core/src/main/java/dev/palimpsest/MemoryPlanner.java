package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.ComponentKind;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.model.AutoencoderKL;
import dev.palimpsest.model.AutoencoderKLConfig;
import dev.palimpsest.model.Stage;
import dev.palimpsest.model.Tiling;
import dev.palimpsest.tensor.DType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Plans the memory of requests from a checkpoint's graphs. Immutable. */
final class MemoryPlanner {
  private static final long TOKENS = 77;

  private final ModelParts model;
  private final Checkpoint checkpoint;

  MemoryPlanner(ModelParts model) {
    this.model = model;
    this.checkpoint = model.checkpoint();
    for (String name : List.of("unet", "vae_decoder")) {
      if (checkpoint.has(name) && checkpoint.component(name).kind() == ComponentKind.ONNX) {
        throw new UnsupportedModelException(
            "memory is planned from graphs with weights; " + name + " is an ONNX export");
      }
    }
    checkArgument(
        model.decoder() == model.maybeVae() || !model.family().hasPrompts(),
        "memory is planned for the checkpoint's own decoder, not for %s",
        model.decoder());
  }

  /**
   * The first of the ways to apply the autoencoder that keeps a limit.
   *
   * @param tilings at least one
   * @throws IllegalArgumentException if none does
   */
  MemoryPlan choose(ResolvedRequest request, List<VaeTiling> tilings, long limit) {
    MemoryPlan plan = plan(request, tilings.get(0));
    for (int i = 1; i < tilings.size() && plan.peak() > limit; i++) {
      plan = plan(request, tilings.get(i));
    }
    return plan.within(limit);
  }

  MemoryPlan plan(ResolvedRequest request, VaeTiling tiling) {
    long pixels = (long) request.width() * request.height() * request.images();
    return new MemoryPlan(
        request.width(),
        request.height(),
        tiling,
        weights(),
        denoising(request),
        autoencoder(request, tiling),
        pixels * 3 * Float.BYTES * 4);
  }

  /** Files are mapped; what is stored in another type, and the autoencoder, is copied as well. */
  private long weights() {
    long bytes = 0;
    for (String name : checkpoint.components()) {
      Component component = checkpoint.component(name);
      if (component.kind() == ComponentKind.NETWORK) {
        boolean mapped =
            component.dtypes().equals(List.of(DType.FLOAT32.toString())) && !name.equals("vae");
        bytes += component.bytes() + (mapped ? 0 : component.parameters() * Float.BYTES);
      }
    }
    return bytes;
  }

  private long denoising(ResolvedRequest request) {
    Component unet = checkpoint.component("unet");
    int factor = model.decoder().scaleFactor();
    Map<String, Long> usual =
        Map.of(
            "height", (long) model.nativeHeight() / factor,
            "width", (long) model.nativeWidth() / factor);
    Graph graph = lowered(ModelLoader.unetGraph(unet), unet, usual);
    Windows seen =
        request.request().windows().orElse(new Windows(request.width(), request.height(), 0));
    boolean pair = request.guidance(model) != null;
    return bound(
            graph,
            request.images() * (pair ? 2 : 1),
            Math.min(seen.height(), request.height()) / factor,
            Math.min(seen.width(), request.width()) / factor)
        .peakMemory();
  }

  private long autoencoder(ResolvedRequest request, VaeTiling tiling) {
    if (model.maybeVae() == null) {
      return 0;
    }
    Component vae = checkpoint.component("vae");
    int factor = model.decoder().scaleFactor();
    long decoding =
        half(
            vae,
            AutoencoderKL.decoderGraph(vae.config()),
            AutoencoderKL.decoderStages(vae.config()),
            new Extent(request.height() / factor, request.width() / factor, request.images()),
            tiling,
            Tiling.of(AutoencoderKLConfig.of(vae.config())).latentSize());
    boolean encodes =
        request.request().image().isPresent()
            || request.request().hires().filter(h -> h.space() == Hires.Space.PIXELS).isPresent();
    return !encodes
        ? decoding
        : decoding
            + half(
                vae,
                AutoencoderKL.encoderGraph(vae.config()),
                AutoencoderKL.encoderStages(vae.config()),
                new Extent(request.height(), request.width(), 1),
                tiling,
                Tiling.of(AutoencoderKLConfig.of(vae.config())).sampleSize());
  }

  /** The size of a half's input. */
  private record Extent(int height, int width, int batch) {
    Extent within(int side) {
      return new Extent(Math.min(height, side), Math.min(width, side), batch);
    }
  }

  private static long half(
      Component vae, Graph graph, List<Stage> stages, Extent in, VaeTiling tiling, int tile) {
    return switch (tiling) {
      case NONE -> peak(vae, graph, in);
      case DIFFUSERS -> peak(vae, graph, in.within(tile));
      case EXACT -> exact(vae, stages, in);
    };
  }

  /** The stage that needs most; each is closed before the next. */
  private static long exact(Component vae, List<Stage> stages, Extent in) {
    long most = 0;
    Extent x = new Extent(in.height(), in.width(), 1);
    for (Stage stage : stages) {
      int side = StagedNetwork.SIDE / stage.up() + 2 * Stage.REACH;
      most = Math.max(most, peak(vae, stage.graph(), stage.local() ? x.within(side) : x));
      x =
          new Extent(
              x.height() * stage.up() / stage.down(), x.width() * stage.up() / stage.down(), 1);
    }
    return most;
  }

  private static long peak(Component component, Graph graph, Extent in) {
    return bound(lowered(graph, component, Map.of()), in.batch(), in.height(), in.width())
        .peakMemory();
  }

  private static Graph lowered(Graph graph, Component component, Map<String, Long> usualSizes) {
    var stored = new HashMap<String, DType>();
    graph
        .parameters()
        .keySet()
        .forEach(name -> stored.put(name, component.weights().get(name).dtype()));
    return graph.lowered(stored, usualSizes);
  }

  private static Graph bound(Graph graph, int batch, int height, int width) {
    return graph.bind(
        Map.of(
            "batch", (long) batch,
            "height", (long) height,
            "width", (long) width,
            "tokens", TOKENS,
            "timesteps", 1L));
  }
}
