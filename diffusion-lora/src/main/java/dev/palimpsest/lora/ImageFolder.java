package dev.palimpsest.lora;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.io.MoreFiles;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.image.Pictures;
import java.awt.Dimension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Pictures to train on, in one folder: PNG, JPEG and, with TwelveMonkeys' imageio-webp on the class
 * path, WebP. A picture's caption is the {@code .txt} file of its name, or its line in {@code
 * metadata.jsonl} ({@code {"file_name": "a.png", "text": "a red car"}}). Other files are no
 * concern. Immutable; only headers have been read.
 */
public final class ImageFolder {
  private static final Set<String> READ = Set.of("png", "jpg", "jpeg", "webp");
  private static final Set<String> NOT_READ =
      Set.of("gif", "bmp", "tif", "tiff", "avif", "heic", "heif", "jxl");

  private final Path folder;
  private final long maxPixels;
  private final List<Picture> pictures;

  /**
   * A picture of the folder.
   *
   * @param caption empty where there is none
   * @param width in pixels, turned upright
   * @param height in pixels, turned upright
   */
  public record Picture(Path file, String caption, int width, int height) {}

  private ImageFolder(Path folder, long maxPixels, List<Picture> pictures) {
    this.folder = folder;
    this.maxPixels = maxPixels;
    this.pictures = List.copyOf(pictures);
  }

  /** {@link #of(Path, long)} with pictures of at most {@link Pictures#MAX_PIXELS}. */
  public static ImageFolder of(Path folder) throws IOException {
    return of(folder, Pictures.MAX_PIXELS);
  }

  /**
   * The pictures in a folder, sorted by name.
   *
   * @param maxPixels larger pictures are refused by their headers
   * @throws CheckpointException if there is no picture, or some files cannot be read; all of them
   *     are named
   */
  public static ImageFolder of(Path folder, long maxPixels) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new CheckpointException(folder + ": no such folder of pictures");
    }
    var problems = new ArrayList<String>();
    var files = new ArrayList<Path>();
    for (Path file : sorted(folder)) {
      String type = extension(file);
      if (READ.contains(type)) {
        files.add(file);
      } else if (NOT_READ.contains(type)) {
        problems.add(file.getFileName() + ": " + type + " is not read; known are " + READ);
      }
    }
    var captions = CaptionFiles.read(folder, files, problems);
    var pictures = new ArrayList<Picture>();
    for (Path file : files) {
      try {
        Dimension size = Pictures.size(file, maxPixels);
        pictures.add(new Picture(file, captions.of(file), size.width, size.height));
      } catch (CheckpointException e) {
        problems.add(String.valueOf(e.getMessage()));
      }
    }
    check(folder, problems);
    if (pictures.isEmpty()) {
      throw new CheckpointException(folder + ": no picture; known are " + READ);
    }
    return new ImageFolder(folder, maxPixels, pictures);
  }

  /**
   * @throws CheckpointException if there are problems; it lists them
   */
  static void check(Path folder, List<String> problems) throws CheckpointException {
    if (!problems.isEmpty()) {
      throw new CheckpointException(
          String.format(
              "%s: %d files cannot be used:%n  %s",
              folder, problems.size(), String.join(System.lineSeparator() + "  ", problems)));
    }
  }

  private static List<Path> sorted(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(Files::isRegularFile).sorted().collect(Collectors.toList());
    }
  }

  private static String extension(Path file) {
    return MoreFiles.getFileExtension(file).toLowerCase(Locale.ROOT);
  }

  /** The same pictures, those without a caption under this one. */
  public ImageFolder captioned(String caption) {
    checkArgument(!caption.isBlank(), "a caption needs words");
    return new ImageFolder(
        folder,
        maxPixels,
        pictures.stream()
            .map(
                p ->
                    p.caption().isEmpty()
                        ? new Picture(p.file(), caption, p.width(), p.height())
                        : p)
            .collect(Collectors.toList()));
  }

  public Path folder() {
    return folder;
  }

  public List<Picture> pictures() {
    return pictures;
  }

  long maxPixels() {
    return maxPixels;
  }

  @Override
  public String toString() {
    return pictures.size() + " pictures in " + folder;
  }
}
