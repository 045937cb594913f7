package dev.palimpsest;

import dev.palimpsest.WindowedDenoiser.Layer;
import dev.palimpsest.image.Bilinear;
import dev.palimpsest.image.Masks;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a request asks for beyond a picture in one pass of one window. Immutable, but for what it
 * borrows.
 */
final class LargePicture {
  private final ModelParts model;
  private final ResolvedRequest request;
  private final Cancellation cancellation;

  LargePicture(ModelParts model, ResolvedRequest request, Cancellation cancellation) {
    this.model = model;
    this.request = request;
    this.cancellation = cancellation;
  }

  /**
   * A network in windows and regions, if these are asked for.
   *
   * @param network the model's, perhaps with attention edits
   * @param guided whether regions need a negative half
   */
  Denoiser network(Denoiser network, boolean guided) {
    GenerationRequest asked = request.request();
    Shape latents = request.latentShape(model);
    var layers = new ArrayList<Layer>();
    for (PromptRegion region : asked.regions()) {
      EncodedPrompts prompts =
          model
              .prompts()
              .encode(asked.prompt(region.prompt()), request.size(), guided, cancellation);
      layers.add(new Layer(model.condition(prompts, request), mask(region, latents)));
    }
    @Nullable Windows windows =
        asked.windows().map(w -> w.inLatents(model.decoder().scaleFactor())).orElse(null);
    return WindowedDenoiser.of(network, windows, layers, latents);
  }

  private Tensor mask(PromptRegion region, Shape latents) {
    BufferedImage mask =
        region.mask(
            request.request().width().orElse(request.width()),
            request.request().height().orElse(request.height()));
    Tensor pixels = Masks.toTensor(mask, request.width(), request.height());
    return Masks.toLatents(pixels, (int) latents.dim(3), (int) latents.dim(2));
  }

  /** One pass, or two of which the first is small. */
  Sample sample(DenoisingLoop loop, Upscaler upscaler) {
    Hires hires = request.request().hires().orElse(null);
    if (hires == null) {
      return Sample.of(model, request, null, loop);
    }
    Tensor small = Sample.of(model, firstPass(hires), null, loop).end().x();
    Tensor start = enlarged(small, hires, upscaler);
    return Sample.of(model, request.strength(hires.strength()), start, loop);
  }

  /** The request of the first of two passes: at a size that the model knows. */
  private ResolvedRequest firstPass(Hires hires) {
    int unit = 2 * model.decoder().scaleFactor();
    double area = (double) model.nativeWidth() * model.nativeHeight();
    double scale = Math.sqrt(area / ((double) request.width() * request.height()));
    return request.resized(
        hires.width() > 0 ? hires.width() : nearest(request.width() * scale, unit),
        hires.height() > 0 ? hires.height() : nearest(request.height() * scale, unit));
  }

  private static int nearest(double pixels, int unit) {
    return Math.max(1, (int) Math.round(pixels / unit)) * unit;
  }

  /** The first pass's latents as the second pass starts from them, before noise is added. */
  private Tensor enlarged(Tensor latents, Hires hires, Upscaler upscaler) {
    Shape size = request.latentShape(model);
    if (hires.space() == Hires.Space.LATENTS) {
      return Bilinear.resize(latents, (int) size.dim(3), (int) size.dim(2));
    }
    Tensor small = Pictures.toUnit(model.decoder().decode(latents, cancellation));
    Tensor large = upscaler.upscale(small, request.width(), request.height(), cancellation);
    float[] pixels = large.floats().clone();
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = 2 * pixels[i] - 1;
    }
    return InitialStates.encoded(model, Tensor.of(large.shape(), pixels), cancellation);
  }

  /** Finished pictures, 0..1, at the size that is asked for. */
  Tensor upscaled(Tensor pixels, Upscaler upscaler) {
    return request
        .request()
        .upscaled()
        .map(size -> upscaler.upscale(pixels, size.width(), size.height(), cancellation))
        .orElse(pixels);
  }

  /** What a picture's metadata tell of it, by name. */
  static Map<String, String> describe(GenerationRequest request) {
    var told = new LinkedHashMap<String, String>();
    request.vaeTiling().ifPresent(tiling -> told.put("vae_tiling", tiling + ""));
    request
        .windows()
        .ifPresent(w -> told.put("windows", w.width() + "x" + w.height() + "-" + w.overlap()));
    for (int i = 0; i < request.regions().size(); i++) {
      told.put("region_" + (i + 1), request.regions().get(i).prompt());
    }
    request.hires().ifPresent(hires -> told.put("hires", hires.space() + ""));
    request
        .upscaled()
        .ifPresent(size -> told.put("upscaled_to", size.width() + "x" + size.height()));
    return told;
  }
}
