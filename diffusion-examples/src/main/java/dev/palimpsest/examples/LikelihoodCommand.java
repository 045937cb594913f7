package dev.palimpsest.examples;

import com.google.common.base.Stopwatch;
import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.LikelihoodRequest;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import dev.palimpsest.image.Resampling;
import dev.palimpsest.likelihood.BitsPerDim;
import dev.palimpsest.likelihood.NormalCdf;
import dev.palimpsest.likelihood.StepSampling;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** The variational bound of a picture, by term. */
@Command(
    name = "likelihood",
    mixinStandardHelpOptions = true,
    description =
        "Tells how probable a picture is under a model that works on pixels: the variational bound"
            + " on its bits per dimension, by term.")
final class LikelihoodCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @ParentCommand private Palimpsest application = new Palimpsest();
  @Mixin private DeviceOptions device = new DeviceOptions();

  @Parameters(index = "0", paramLabel = "PICTURE", description = "PNG, JPEG or the like.")
  private Path picture = Path.of("");

  @Option(
      names = "--model",
      paramLabel = "DIR",
      required = true,
      description = "A checkpoint in diffusers layout that works on pixels, not on latents.")
  private Path model = Path.of("");

  @Option(
      names = "--size",
      paramLabel = "WxH",
      converter = PictureSize.Converter.class,
      description = "Resize the picture to this first, as 32x32 or 32.")
  private @Nullable PictureSize size;

  @Option(
      names = "--strata",
      paramLabel = "N",
      defaultValue = "0",
      description = "Estimate from N parts of the steps, finer near the picture, instead of all.")
  private int strata;

  @Option(
      names = "--draws",
      paramLabel = "N",
      description = "Draws of noise in each step or stratum; default 1, and 2 with --strata.")
  private @Nullable Integer draws;

  @Option(
      names = "--respacing",
      paramLabel = "STEPS",
      description = "The bound of fewer steps, as 250 or 10,15,20 or ddim50: another model.")
  private @Nullable String respacing;

  @Option(names = "--class", paramLabel = "N", description = "The picture's class label.")
  private @Nullable Integer label;

  @Option(
      names = "--cdf",
      paramLabel = "CDF",
      defaultValue = "TANH",
      description = "The decoder's: tanh, as papers report it (default), or erf, exact.")
  private NormalCdf cdf = NormalCdf.TANH;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Of the noise; default 0.")
  private long seed;

  @Option(names = "--plot", paramLabel = "FILE", description = "Draw the terms into a PNG.")
  private @Nullable Path plot;

  @Option(names = "--csv", paramLabel = "FILE", description = "Write a line for each term.")
  private @Nullable Path csv;

  @Option(names = "--json", description = "Print one JSON object, with all terms.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    Stopwatch watch = Stopwatch.createStarted();
    for (Path file : written()) {
      OutputFile.check(file);
    }
    LikelihoodRequest request = request();
    BufferedImage pixels = pixels();
    BitsPerDim bits;
    try (DiffusionPipeline pipeline =
        DiffusionPipeline.builder(Checkpoint.read(model)).device(device.open()).open()) {
      bits = evaluate(pipeline, pixels, request);
    }
    var report = new LikelihoodReport(bits);
    if (json) {
      out().println(report.json());
    } else {
      out()
          .printf(
              "%s: %dx%d, %d dimensions, %d steps%n",
              picture, pixels.getWidth(), pixels.getHeight(), bits.dimensions(), bits.steps());
      out().print(report.table());
      out().printf("%d evaluations in %s%n", bits.terms().size(), Elapsed.of(watch));
    }
    if (csv != null) {
      Files.writeString(csv, report.csv());
    }
    if (plot != null) {
      String title = picture.getFileName() + ": " + report.total() + " bits per dimension";
      PngFile.write(plot, new LikelihoodPlot(title, bits).draw(), PngMetadata.none());
    }
    return 0;
  }

  private List<Path> written() {
    return Stream.of(plot, csv).flatMap(Stream::ofNullable).toList();
  }

  private LikelihoodRequest request() {
    StepSampling sampling = strata == 0 ? StepSampling.all() : StepSampling.stratified(strata);
    LikelihoodRequest request =
        LikelihoodRequest.all()
            .sampling(draws == null ? sampling : sampling.withDraws(draws))
            .cdf(cdf)
            .seed(seed);
    request = respacing == null ? request : request.respacing(respacing);
    return label == null ? request : request.classLabel(label);
  }

  private BufferedImage pixels() throws IOException {
    BufferedImage read = Pictures.read(picture);
    return size == null ? read : Resampling.LANCZOS.resize(read, size.width(), size.height());
  }

  private BitsPerDim evaluate(
      DiffusionPipeline pipeline, BufferedImage pixels, LikelihoodRequest request) {
    try (var progress = StepProgress.of("evaluating")) {
      return pipeline
          .bitsPerDim(Pictures.toTensor(pixels), request, progress, application.cancellation())
          .get(0);
    }
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }
}
