package dev.palimpsest.examples;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.GenerationRequest;
import dev.palimpsest.Inversion;
import dev.palimpsest.Reconstruction;
import dev.palimpsest.examples.ModelOptions.OpenModel;
import dev.palimpsest.image.PictureError;
import dev.palimpsest.image.Pictures;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** A picture to noise and back. */
@Command(
    name = "invert",
    mixinStandardHelpOptions = true,
    description =
        "Brings a picture back to the noise that leads to it (DDIM inversion), generates it again"
            + " from there and tells how far it is from the original.",
    footer = {
      "",
      "Each step is exact only in the limit of many: raise --steps where the solver loses much."
          + " With a guidance scale above 1 the picture may not come back at all."
    })
final class InvertCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @ParentCommand private Palimpsest application = new Palimpsest();
  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private DeviceOptions device = new DeviceOptions();

  @Parameters(index = "0", paramLabel = "PICTURE", description = "The picture to invert.")
  private Path picture = Path.of("");

  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      defaultValue = "",
      description = "What it shows; default nothing.")
  private String prompt = "";

  @Option(
      names = "--size",
      paramLabel = "WxH",
      converter = PictureSize.Converter.class,
      description = "In pixels, as 768x512 or 512; default the picture's own; starter 64.")
  private @Nullable PictureSize size;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "50",
      description = "Solver steps, each way; default 50.")
  private int steps = 50;

  @Option(
      names = "--guidance",
      paramLabel = "SCALE",
      defaultValue = "1",
      description = "How closely to keep to the prompt; default 1, which is off.")
  private double guidance = 1;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      defaultValue = "palimpsest-inverted.png",
      description = "Default palimpsest-inverted.png.")
  private Path out = Path.of("palimpsest-inverted.png");

  @Override
  public Integer call() throws IOException {
    checkArgument(steps > 0, "--steps must be > 0, was %s", steps);
    OutputFile.check(out);
    GenerationRequest request =
        GenerationRequest.of(prompt)
            .image(Pictures.read(picture))
            .steps(steps)
            .guidanceScale(guidance);
    PictureSize wanted = size == null && model.isStarter() ? new PictureSize(64, 64) : size;
    request = wanted == null ? request : request.size(wanted.width(), wanted.height());
    try (OpenModel opened = model.open(device.open())) {
      report(reconstruct(opened, request));
    }
    return 0;
  }

  private Reconstruction reconstruct(OpenModel opened, GenerationRequest request)
      throws IOException {
    Inversion inversion;
    try (var progress = StepProgress.of("inverting")) {
      inversion = opened.pipeline().invert(request, progress, application.cancellation());
    }
    inversion.warnings().forEach(spec.commandLine().getErr()::println);
    try (var progress = StepProgress.of("generating")) {
      Reconstruction reconstruction =
          opened.pipeline().reconstruct(inversion, progress, application.cancellation());
      reconstruction.image().save(out);
      return reconstruction;
    }
  }

  private void report(Reconstruction reconstruction) {
    PrintWriter text = spec.commandLine().getOut();
    text.printf(
        "%s: %dx%d%n", out, reconstruction.image().width(), reconstruction.image().height());
    line(text, "autoencoder alone", reconstruction.autoencoder());
    line(text, "solver, " + steps + " steps each way", reconstruction.solver());
    line(text, "both, from the picture", reconstruction.total());
    text.printf("%-32s %.4f of their size%n", "latents", reconstruction.latents());
  }

  private static void line(PrintWriter text, String name, PictureError error) {
    text.printf(
        "%-32s PSNR %.1f dB, root mean square %.4f, largest %.3f of 1%n",
        name, error.psnr(), error.rootMeanSquare(), error.largest());
  }
}
