package dev.palimpsest.examples;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.base.Stopwatch;
import dev.palimpsest.GeneratedImage;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.GenerationResult;
import dev.palimpsest.PromptSyntax;
import dev.palimpsest.Upscaler;
import dev.palimpsest.examples.ModelOptions.OpenModel;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.runtime.Device;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Pictures from a prompt. */
@Command(
    name = "generate",
    mixinStandardHelpOptions = true,
    description = "Makes pictures from a prompt and saves them as PNG.",
    footer = {
      "",
      "The starter model understands prompts such as 'a flat icon of a fire engine'; the styles are"
          + " 'a 3d render of', 'a flat icon of', 'a noto drawing of', 'a twemoji of' and"
          + " 'a line drawing of'."
    })
final class GenerateCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @ParentCommand private Palimpsest application = new Palimpsest();
  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private DeviceOptions device = new DeviceOptions();
  @Mixin private AttentionOptions attention = new AttentionOptions();
  @Mixin private LargeOptions large = new LargeOptions();

  @Parameters(index = "0", paramLabel = "PROMPT", description = "What the picture should show.")
  private String prompt = "";

  @Option(names = "--negative", paramLabel = "TEXT", description = "What it should not show.")
  private @Nullable String negative;

  @Option(
      names = "--size",
      paramLabel = "WxH",
      converter = PictureSize.Converter.class,
      description = "In pixels, as 768x512 or 512; default the model's own.")
  private @Nullable PictureSize size;

  @Option(names = "--steps", paramLabel = "N", description = "Solver steps; starter 25, else 50.")
  private @Nullable Integer steps;

  @Option(
      names = "--guidance",
      paramLabel = "SCALE",
      description = "How closely to keep to the prompt; 1 is off; starter 4, else the model's.")
  private @Nullable Double guidance;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Of the first picture, further ones count up; drawn and told if not given.")
  private @Nullable Long seed;

  @Option(
      names = "--images",
      paramLabel = "N",
      defaultValue = "1",
      description = "How many pictures; default 1.")
  private int images = 1;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "4",
      description = "How many at a time; default 4. More need more memory.")
  private int batch = 4;

  @Option(names = "--image", paramLabel = "FILE", description = "Start from this picture.")
  private @Nullable Path image;

  @Option(
      names = "--strength",
      paramLabel = "S",
      description = "How much of --image to make anew, above 0 to 1.")
  private @Nullable Double strength;

  @Option(
      names = "--mask",
      paramLabel = "FILE",
      description = "Make only the white part of this picture anew in --image.")
  private @Nullable Path mask;

  @Option(
      names = "--weighted",
      description = "Read (word:1.3) and [word] as weights; long prompts are not cut.")
  private boolean weighted;

  @Option(
      names = "--insert-triggers",
      description = "Put a LoRA's trigger words in front of a prompt that uses none of them.")
  private boolean insertTriggers;

  @Option(
      names = "--clip-skip",
      paramLabel = "N",
      defaultValue = "0",
      description = "Take the text from N layers earlier.")
  private int clipSkip;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Default palimpsest-SEED.png. With several pictures, the seed is put in.")
  private @Nullable Path out;

  @Option(names = "--no-metadata", description = "Leave prompt and settings out of the file.")
  private boolean noMetadata;

  @Override
  public Integer call() throws IOException {
    checkArgument(images > 0, "--images must be > 0, was %s", images);
    checkArgument(batch > 0, "--batch must be > 0, was %s", batch);
    long first = seed == null ? ThreadLocalRandom.current().nextInt(Integer.MAX_VALUE) : seed;
    OutputFile.check(file(first));
    String text = prompt();
    GenerationRequest request = request(text);
    warnOfUnknownWords(text);
    int saved = 0;
    Device where = device.open();
    try (Upscaler upscaler = large.openUpscaler(where);
        OpenModel opened =
            model.open(
                where, builder -> builder.upscaler(upscaler).memoryLimit(large.memoryLimit()))) {
      for (int done = 0; done < images; done += batch) {
        int count = Math.min(batch, images - done);
        saved += generate(opened, request.seed(first + done).images(count));
      }
    }
    return saved == 0 ? 1 : 0;
  }

  private String prompt() throws IOException {
    if (!insertTriggers) {
      return prompt;
    }
    String inserted = model.adapters().withTriggers(prompt);
    if (!inserted.equals(prompt)) {
      out().println("prompt: " + inserted);
    }
    return inserted;
  }

  private GenerationRequest request(String text) throws IOException {
    GenerationRequest request =
        GenerationRequest.of(text)
            .clipSkip(clipSkip)
            .promptSyntax(weighted ? PromptSyntax.WEIGHTED : PromptSyntax.PLAIN);
    if (model.isStarter()) {
      request = request.steps(StarterModel.STEPS).guidanceScale(StarterModel.GUIDANCE_SCALE);
    }
    request = negative == null ? request : request.negativePrompt(negative);
    request = size == null ? request : request.size(size.width(), size.height());
    request = steps == null ? request : request.steps(steps);
    request = guidance == null ? request : request.guidanceScale(guidance);
    request = strength == null ? request : request.strength(strength);
    request = large.apply(request);
    request = image == null ? request : request.image(Pictures.read(image));
    request = mask == null ? request : request.mask(Pictures.read(mask));
    return attention.on(request);
  }

  private void warnOfUnknownWords(String text) throws IOException {
    Set<String> unknown = model.isStarter() ? StarterModel.unknownWords(text) : new HashSet<>();
    for (String known : model.adapters().words()) {
      unknown.removeAll(StarterModel.words(known));
    }
    if (!unknown.isEmpty()) {
      warn(
          "the starter model was never shown "
              + quoted(unknown)
              + "; try e.g. 'a flat icon of a fire engine', or --model with a checkpoint of yours");
    }
  }

  private static String quoted(Set<String> words) {
    String few = String.join("', '", words.stream().limit(5).toList());
    return "'" + few + "'" + (words.size() > 5 ? " and " + (words.size() - 5) + " more words" : "");
  }

  private int generate(OpenModel opened, GenerationRequest request) throws IOException {
    Stopwatch watch = Stopwatch.createStarted();
    GenerationResult result;
    try (var progress = StepProgress.of("generating")) {
      result = opened.pipeline().generate(request, progress, application.cancellation());
    }
    result.warnings().forEach(this::warn);
    result
        .rejected()
        .forEach(rejected -> warn("seed " + rejected.seed() + " rejected: " + rejected.reason()));
    for (GeneratedImage picture : result.images()) {
      Path file = file(picture.seed().orElseThrow());
      if (noMetadata) {
        picture.saveWithoutMetadata(file);
      } else {
        picture.save(file);
      }
      out()
          .printf(
              "%s: %dx%d, seed %d%n",
              file, picture.width(), picture.height(), picture.seed().orElseThrow());
      int place = (int) (picture.seed().orElseThrow() - request.seeds().get(0));
      for (Path map : attention.save(result, place, picture, file)) {
        out().printf("%s: where the words act%n", map);
      }
    }
    out()
        .printf(
            "%d picture%s in %s%n",
            request.images(), request.images() == 1 ? "" : "s", Elapsed.of(watch));
    return result.images().size();
  }

  private Path file(long pictureSeed) {
    if (out == null) {
      return Path.of("palimpsest-" + pictureSeed + ".png");
    }
    if (images == 1) {
      return out;
    }
    String name = String.valueOf(out.getFileName());
    int dot = name.lastIndexOf('.');
    String stem = dot < 0 ? name : name.substring(0, dot);
    String ending = dot < 0 ? "" : name.substring(dot);
    return out.resolveSibling(stem + "-" + pictureSeed + ending);
  }

  /** One line, whatever the prompt holds. */
  private void warn(String message) {
    String line = message.replaceAll("\\s+", " ");
    String shown = line.length() > 400 ? line.substring(0, 400) + "…" : line;
    PrintWriter err = spec.commandLine().getErr();
    err.println("warning: " + shown);
    err.flush();
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }
}
