package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.likelihood.BitsPerDim;
import dev.palimpsest.likelihood.GaussianDiffusion;
import dev.palimpsest.likelihood.Likelihood;
import dev.palimpsest.likelihood.ModelVariance;
import dev.palimpsest.likelihood.Respacing;
import dev.palimpsest.likelihood.ReverseProcess;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.scheduler.SchedulePlan;
import dev.palimpsest.scheduler.Schedulers;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.List;

/** The bits per dimension of pictures under a model that works on pixels. */
final class PictureLikelihood {
  private final ModelParts model;
  private final LikelihoodRequest request;

  PictureLikelihood(ModelParts model, LikelihoodRequest request) {
    this.model = model;
    this.request = request;
  }

  /** One for each picture of [pictures, channels, height, width], levels in [−1, 1]. */
  List<BitsPerDim> evaluate(Tensor given, Likelihood.Listener listener, Cancellation cancellation) {
    Tensor pictures = gray(given);
    check(pictures);
    GenerationRequest plain =
        request.classLabel().isPresent()
            ? GenerationRequest.ofClass(request.classLabel().getAsInt())
            : GenerationRequest.unconditional();
    var size = new PromptEncoder.Size((int) pictures.shape().dim(3), (int) pictures.shape().dim(2));
    Conditioning conditioning =
        model
            .prompts()
            .encode(plain, size, false, cancellation)
            .positive()
            .repeat((int) pictures.shape().dim(0))
            .sharing(model.adapters().inputs("unet", plain));
    var network =
        new GuidedNetwork(
            model.denoiser(), conditioning, null, GuidedNetwork.Away.NONE, null, cancellation);
    return Likelihood.of(process())
        .sampling(request.sampling())
        .cdf(request.cdf())
        .evaluate(
            pictures,
            (x, timestep) -> {
              cancellation.throwIfCancelled();
              return network.predict(x.as(DType.FLOAT32), timestep);
            },
            request.noise().get(),
            listener);
  }

  private ReverseProcess process() {
    SchedulePlan plan = model.plan(1);
    GaussianDiffusion q = GaussianDiffusion.of(plan.noiseSchedule());
    if (request.respacing().isPresent()) {
      q = q.respaced(Respacing.parse(q.steps(), request.respacing().get()));
    }
    ModelVariance variance =
        request.variance().orElseGet(() -> ModelVariance.of(Schedulers.ddpm().varianceType(plan)));
    checkArgument(
        variance.isLearned() == model.denoiser().predictsVariance(),
        "variance %s does not fit a network that predicts %s variance",
        variance,
        model.denoiser().predictsVariance() ? "its" : "no");
    return ReverseProcess.of(q, plan.predictionType(), variance).clipping(plan.clippingOr(true));
  }

  /** The one channel of RGB pictures without colour, for a model of one channel. */
  private Tensor gray(Tensor pictures) {
    Shape shape = pictures.shape();
    if (model.denoiser().channels() != 1 || shape.rank() != 4 || shape.dim(1) != 3) {
      return pictures;
    }
    float[] rgb = pictures.floats();
    int plane = (int) (shape.dim(2) * shape.dim(3));
    float[] gray = new float[rgb.length / 3];
    for (int i = 0; i < gray.length; i++) {
      int red = i / plane * 3 * plane + i % plane;
      gray[i] = rgb[red];
      checkArgument(
          rgb[red + plane] == gray[i] && rgb[red + 2 * plane] == gray[i],
          "this model works on one channel; the picture is coloured: red %s, green %s, blue %s",
          gray[i],
          rgb[red + plane],
          rgb[red + 2 * plane]);
    }
    return Tensor.of(Shape.of(shape.dim(0), 1, shape.dim(2), shape.dim(3)), gray);
  }

  private void check(Tensor pictures) {
    if (model.family().hasPrompts()) {
      throw new UnsupportedModelException(
          model.name()
              + " works on an autoencoder's latents, whose bound says nothing of a picture's bits"
              + " per dimension: they are defined for models on pixels, such as DDPMPipeline");
    }
    Shape shape = pictures.shape();
    int channels = model.denoiser().channels();
    checkArgument(
        shape.rank() == 4 && shape.dim(1) == channels && shape.elements() > 0,
        "pictures must be [pictures, %s, height, width] for this model, were %s",
        channels,
        shape);
    for (double value : pictures.doubles()) {
      double level = (value + 1) * 127.5;
      checkArgument(
          level > -0.01 && level < 255.01 && Math.abs(level - Math.rint(level)) < 0.01,
          "pictures must hold levels 2k/255 - 1 of 8 bits, one value is %s",
          value);
    }
  }
}
