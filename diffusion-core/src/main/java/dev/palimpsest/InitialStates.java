package dev.palimpsest;

import dev.palimpsest.image.Masks;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.image.Resampling;
import dev.palimpsest.model.LatentDistribution;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.scheduler.SchedulerRun;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Draws what a run starts from. The order of draws is that of diffusers' pipelines: the picture's
 * latents, then the noise, then the latents of the masked picture.
 */
final class InitialStates {
  private final ModelParts model;
  private final ResolvedRequest request;
  private final SchedulerRun solver;
  private final Cancellation cancellation;
  private final Shape shape;

  InitialStates(
      ModelParts model, ResolvedRequest request, SchedulerRun solver, Cancellation cancellation) {
    this.model = model;
    this.request = request;
    this.solver = solver;
    this.cancellation = cancellation;
    this.shape = request.latentShape(model);
  }

  InitialState draw(NoiseSource noise) {
    if (request.isInpainting()) {
      return inpainting(noise);
    }
    if (request.request().image().isPresent()) {
      Tensor original = encode(pixels(), noise);
      return new InitialState(solver.addNoise(original, noise.gaussian(shape)), null, null);
    }
    return new InitialState(scaled(initialNoise(noise)), null, null);
  }

  /** The given latents with the noise of the first step. */
  InitialState from(Tensor original, NoiseSource noise) {
    return new InitialState(solver.addNoise(original, noise.gaussian(shape)), null, null);
  }

  /** The most likely latents of the picture: no noise is drawn. */
  static Tensor encoded(ModelParts model, Tensor pixels, Cancellation cancellation) {
    return model.vae().mode(model.vae().encode(pixels, cancellation));
  }

  private InitialState inpainting(NoiseSource noise) {
    Tensor pixels = pixels();
    Tensor mask =
        Masks.toTensor(request.request().mask().orElseThrow(), request.width(), request.height());
    boolean whole = request.strength() == 1;
    boolean blends = !model.takesMask();
    @Nullable Tensor original = blends || !whole ? encode(pixels, noise) : null;
    Tensor drawn = initialNoise(noise);
    Tensor x = original == null || whole ? scaled(drawn) : solver.addNoise(original, drawn);
    Tensor latentMask = repeat(Masks.toLatents(mask, width(), height()));
    if (blends && original != null) {
      noise.gaussian(shape); // diffusers encodes the masked picture here too, and ignores it
      return new InitialState(x, null, new InitialState.Blend(original, drawn, latentMask));
    }
    Tensor masked = encode(masked(pixels, mask), noise);
    return new InitialState(x, Tensor.concat(1, List.of(latentMask, masked)), null);
  }

  private Tensor initialNoise(NoiseSource noise) {
    return request.request().latents().orElseGet(() -> noise.gaussian(shape));
  }

  private Tensor scaled(Tensor noise) {
    float scale = solver.initialScale();
    float[] values = noise.floats();
    float[] out = new float[values.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = values[i] * scale;
    }
    return Tensor.of(noise.shape(), out);
  }

  private Tensor pixels() {
    return pixels(request);
  }

  /** The picture to start from, at the size asked for: float32 [1, 3, height, width], -1..1. */
  static Tensor pixels(ResolvedRequest request) {
    return Pictures.toTensor(
        Resampling.LANCZOS.resize(
            request.request().image().orElseThrow(), request.width(), request.height()));
  }

  private Tensor encode(Tensor pixels, NoiseSource noise) {
    LatentDistribution one = model.vae().encode(pixels, cancellation);
    var all = new LatentDistribution(repeat(one.mean()), repeat(one.logVariance()));
    return model.vae().sample(all, noise.gaussian(shape));
  }

  private Tensor repeat(Tensor one) {
    return Tensor.concat(Collections.nCopies(request.images(), one));
  }

  private int width() {
    return (int) shape.dim(3);
  }

  private int height() {
    return (int) shape.dim(2);
  }

  private static Tensor masked(Tensor pixels, Tensor mask) {
    float[] in = pixels.floats();
    float[] m = mask.floats();
    float[] out = new float[in.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = m[i % m.length] < 0.5f ? in[i] : 0;
    }
    return Tensor.of(pixels.shape(), out);
  }
}
