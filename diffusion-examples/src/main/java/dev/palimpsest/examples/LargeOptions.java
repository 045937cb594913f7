package dev.palimpsest.examples;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.GenerationRequest;
import dev.palimpsest.Hires;
import dev.palimpsest.OnnxUpscaler;
import dev.palimpsest.PromptRegion;
import dev.palimpsest.Upscaler;
import dev.palimpsest.VaeTiling;
import dev.palimpsest.Windows;
import dev.palimpsest.runtime.Device;
import java.awt.Rectangle;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How a picture larger than the model's own is made. */
final class LargeOptions {
  @Option(
      names = "--tiling",
      paramLabel = "MODE",
      description =
          "How the autoencoder works on a large picture: none, exact (tiles, the same picture) or"
              + " diffusers (tiles as there); default none.")
  private @Nullable VaeTiling tiling;

  @Option(
      names = "--windows",
      paramLabel = "SIDE[/OVERLAP]",
      converter = WindowsConverter.class,
      description =
          "Denoise in overlapping windows, in pixels; the overlap is a quarter if not given.")
  private @Nullable Windows windows;

  @Option(
      names = "--region",
      paramLabel = "X,Y,WxH=PROMPT",
      converter = RegionConverter.class,
      description = "Another prompt for a rectangle of the picture; may be repeated.")
  private List<PromptRegion> regions = new ArrayList<>();

  @Option(
      names = "--hires",
      paramLabel = "SPACE[@STRENGTH]",
      converter = HiresConverter.class,
      description =
          "Make it small first, then enlarge latents or pixels and denoise again at a strength;"
              + " default latents@0.6, pixels@0.4.")
  private @Nullable Hires hires;

  @Option(
      names = "--upscale",
      paramLabel = "WxH",
      converter = PictureSize.Converter.class,
      description = "Enlarge the finished picture to this size, by Lanczos or --upscaler.")
  private @Nullable PictureSize upscale;

  @Option(
      names = "--upscaler",
      paramLabel = "FILE",
      description = "An ONNX super-resolution model for --upscale and --hires pixels.")
  private @Nullable Path upscaler;

  @Option(
      names = "--memory",
      paramLabel = "GIB",
      description =
          "Refuse what is planned to need more memory; chooses exact tiles if that helps.")
  private @Nullable Double memory;

  /** The limit in bytes. */
  long memoryLimit() {
    checkArgument(memory == null || memory > 0, "--memory must be > 0, was %s", memory);
    return memory == null ? Long.MAX_VALUE : (long) (memory * (1L << 30));
  }

  /** What enlarges pictures; the caller closes it. */
  Upscaler openUpscaler(Device device) throws IOException {
    return upscaler == null ? Upscaler.lanczos() : OnnxUpscaler.builder(upscaler).open(device);
  }

  GenerationRequest apply(GenerationRequest request) {
    GenerationRequest out = tiling == null ? request : request.vaeTiling(tiling);
    out = windows == null ? out : out.windows(windows);
    for (PromptRegion region : regions) {
      out = out.region(region);
    }
    out = hires == null ? out : out.hires(hires);
    return upscale == null ? out : out.upscaledTo(upscale.width(), upscale.height());
  }

  private static Matcher matched(Pattern form, String text, String what) {
    Matcher matcher = form.matcher(text);
    if (!matcher.matches()) {
      throw new TypeConversionException("'" + text + "' is no " + what);
    }
    return matcher;
  }

  /** {@code 512} or {@code 512/64}. */
  static final class WindowsConverter implements ITypeConverter<Windows> {
    private static final Pattern FORM = Pattern.compile("(\\d{1,5})(?:/(\\d{1,5}))?");

    @Override
    public Windows convert(String text) {
      Matcher form = matched(FORM, text, "window such as 512/128");
      Windows windows = Windows.of(Integer.parseInt(form.group(1)));
      return form.group(2) == null ? windows : windows.overlap(Integer.parseInt(form.group(2)));
    }
  }

  /** {@code latents} or {@code pixels@0.4}. */
  static final class HiresConverter implements ITypeConverter<Hires> {
    private static final Pattern FORM = Pattern.compile("(latents|pixels)(?:@(\\d*\\.?\\d+))?");

    @Override
    public Hires convert(String text) {
      Matcher form = matched(FORM, text.toLowerCase(Locale.ROOT), "way such as latents@0.6");
      boolean latents = form.group(1).equals("latents");
      double strength =
          form.group(2) == null ? (latents ? 0.6 : 0.4) : Double.parseDouble(form.group(2));
      return latents ? Hires.latents(strength) : Hires.pixels(strength);
    }
  }

  /** {@code 0,0,512x256=a red boat}. */
  static final class RegionConverter implements ITypeConverter<PromptRegion> {
    private static final Pattern FORM =
        Pattern.compile("(\\d{1,5}),(\\d{1,5}),(\\d{1,5})x(\\d{1,5})=(.+)", Pattern.DOTALL);

    @Override
    public PromptRegion convert(String text) {
      Matcher form = matched(FORM, text, "region such as 0,0,512x256=a red boat");
      int[] box = new int[4];
      for (int i = 0; i < 4; i++) {
        box[i] = Integer.parseInt(form.group(i + 1));
      }
      return PromptRegion.box(form.group(5), new Rectangle(box[0], box[1], box[2], box[3]));
    }
  }
}
