package dev.palimpsest.examples.car.study;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.examples.car.RenderSets;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.image.Resampling;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A render and what is known of it.
 *
 * @param labels words by parameter, such as {@code light} and {@code at noon}
 */
public record LabelledRender(Path file, String caption, Map<String, String> labels) {
  public LabelledRender {
    labels = Map.copyOf(labels);
  }

  /**
   * The renders of a folder with {@code metadata.jsonl}.
   *
   * @throws NoSuchFileException if there is no such file
   * @throws CheckpointException if a line names no picture that is there
   */
  static List<LabelledRender> read(Path folder) throws IOException {
    Path table = folder.resolve("metadata.jsonl");
    if (!Files.exists(table)) {
      throw new NoSuchFileException(
          table.toString(), null, "the renders are made as docs/car-study.md tells");
    }
    var renders = new ArrayList<LabelledRender>();
    for (String line : Files.readAllLines(table, StandardCharsets.UTF_8)) {
      Config fields = Config.parse(line, table + " line " + (renders.size() + 1));
      Path file = folder.resolve(fields.string("file_name"));
      if (!Files.exists(file)) {
        throw new CheckpointException(fields.source() + " names " + file + ", which is missing");
      }
      var labels = new TreeMap<String, String>();
      fields.asMap().forEach((name, value) -> labels.put(name, String.valueOf(value)));
      labels.keySet().removeAll(List.of("file_name", "text"));
      renders.add(new LabelledRender(file, fields.string("text"), labels));
    }
    return List.copyOf(renders);
  }

  /** Whether it shows the car that is taught. */
  boolean isCar() {
    return RenderSets.CAR.words().equals(labels.get(Question.MAKE.parameter()));
  }

  /** Those that are as wide as high. */
  static List<LabelledRender> squares(List<LabelledRender> renders) throws IOException {
    var squares = new ArrayList<LabelledRender>();
    for (LabelledRender render : renders) {
      if (render.isSquare()) {
        squares.add(render);
      }
    }
    return squares;
  }

  boolean isSquare() throws IOException {
    var size = Pictures.size(file, Pictures.MAX_PIXELS);
    return size.width == size.height;
  }

  /**
   * The picture as a square; what is wider is shown whole, its lowest and highest rows repeated.
   */
  BufferedImage square(int side) throws IOException {
    return square(Pictures.read(file), side);
  }

  /** A picture with left and right exchanged. */
  static BufferedImage mirrored(BufferedImage picture) {
    int width = picture.getWidth();
    int height = picture.getHeight();
    var mirrored = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = mirrored.createGraphics();
    graphics.drawImage(picture, width, 0, -width, height, null);
    graphics.dispose();
    return mirrored;
  }

  static BufferedImage square(BufferedImage picture, int side) {
    int longer = Math.max(picture.getWidth(), picture.getHeight());
    var square = new BufferedImage(longer, longer, BufferedImage.TYPE_INT_RGB);
    int top = (longer - picture.getHeight()) / 2;
    int left = (longer - picture.getWidth()) / 2;
    for (int y = 0; y < longer; y++) {
      for (int x = 0; x < longer; x++) {
        square.setRGB(
            x,
            y,
            picture.getRGB(
                Math.min(Math.max(x - left, 0), picture.getWidth() - 1),
                Math.min(Math.max(y - top, 0), picture.getHeight() - 1)));
      }
    }
    return longer == side ? square : Resampling.LANCZOS.resize(square, side, side);
  }
}
