package dev.palimpsest;

import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A network that sees a picture in {@link Windows}, and in each window what the prompts of regions
 * say of it: the predictions are averaged. Borrows the network. Thread-safe.
 */
final class WindowedDenoiser extends ForwardingDenoiser<Denoiser> {
  private final Windows windows;
  private final List<Layer> layers;

  /**
   * Where a prompt holds.
   *
   * @param conditioning null for the one that the network is called with
   * @param mask float32 [1, 1, height, width], in latents
   */
  record Layer(@Nullable Conditioning conditioning, Tensor mask) {
    float at(int y, int x) {
      return mask.floats()[y * (int) mask.shape().dim(3) + x];
    }

    boolean touches(Area area) {
      for (int y = area.y(); y < area.y() + area.height(); y++) {
        for (int x = area.x(); x < area.x() + area.width(); x++) {
          if (at(y, x) > 0) {
            return true;
          }
        }
      }
      return false;
    }
  }

  /**
   * @param windows in latents
   * @param layers which together cover the picture
   */
  WindowedDenoiser(Denoiser network, Windows windows, List<Layer> layers) {
    super(network);
    this.windows = windows;
    this.layers = List.copyOf(layers);
  }

  /** What the regions leave over belongs to the prompt that the network is called with. */
  static Layer rest(Shape latents, List<Layer> regions) {
    float[] mask = new float[(int) (latents.dim(2) * latents.dim(3))];
    for (int i = 0; i < mask.length; i++) {
      float taken = 0;
      for (Layer region : regions) {
        taken = Math.max(taken, region.mask().floats()[i]);
      }
      mask[i] = 1 - taken;
    }
    return new Layer(null, Tensor.of(Shape.of(1, 1, latents.dim(2), latents.dim(3)), mask));
  }

  /** A network in windows and regions; the network itself if there are neither. */
  static Denoiser of(
      Denoiser network, @Nullable Windows windows, List<Layer> regions, Shape latents) {
    int height = (int) latents.dim(2);
    int width = (int) latents.dim(3);
    Windows whole = new Windows(width, height, 0);
    boolean cut = windows != null && windows.over(height, width).size() > 1;
    if (!cut && regions.isEmpty()) {
      return network;
    }
    var layers = new ArrayList<>(regions);
    layers.add(rest(latents, regions));
    return new WindowedDenoiser(network, cut && windows != null ? windows : whole, layers);
  }

  @Override
  public Tensor predict(
      Tensor x, double timestep, Conditioning conditioning, Cancellation cancellation) {
    long channels = (predictsVariance() ? 2L : 1L) * channels();
    var sum = new WeightedSum(x.shape().withDim(1, channels));
    for (Area area : windows.over((int) x.shape().dim(2), (int) x.shape().dim(3))) {
      Tensor part = WeightedSum.part(x, area);
      for (Layer layer : layers) {
        if (layer.touches(area)) {
          Conditioning own = layer.conditioning();
          Tensor out =
              network.predict(part, timestep, own == null ? conditioning : own, cancellation);
          sum.add(
              out,
              area,
              (row, column) ->
                  area.weight(row, column, windows.overlap())
                      * layer.at(area.y() + row, area.x() + column));
        }
      }
    }
    return sum.average();
  }

  @Override
  public String toString() {
    return network + " in " + windows;
  }
}
