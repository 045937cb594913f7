package dev.palimpsest.examples.car.study;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.examples.car.Paint;
import dev.palimpsest.examples.car.Render;
import dev.palimpsest.examples.car.RenderSets;
import dev.palimpsest.examples.emoji.Emoji64;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;

/** Small pictures in the place of renders: a box of the paint on gray, with true captions. */
final class DrawnRenders {
  private DrawnRenders() {}

  /** The first {@code count} renders of each set, as a study reads them. */
  static Path write(Path folder, int count) throws IOException {
    RenderSets sets = RenderSets.of(RenderSets.SEED);
    for (String set : sets.names()) {
      Path own = Files.createDirectories(folder.resolve(set));
      List<String> lines = new ArrayList<>();
      for (Render render : sets.set(set).subList(0, count)) {
        String name = render.name() + ".png";
        ImageIO.write(picture(render), "png", own.resolve(name).toFile());
        Map<String, Object> line = new LinkedHashMap<>(render.fields());
        line.put("file_name", name);
        line.put("text", render.caption());
        lines.add(Config.of(line).json().replace("\n", ""));
      }
      Files.write(own.resolve("metadata.jsonl"), lines);
    }
    return folder;
  }

  private static BufferedImage picture(Render render) {
    int part = Math.min(render.size().width(), render.size().height()) / Emoji64.SIZE;
    int width = render.size().width() / part;
    int height = render.size().height() / part;
    String paint = render.fields().getOrDefault("paint", "red");
    return box(width, height, Paint.values()[Question.PAINT.answers().indexOf(paint)].rgb());
  }

  static BufferedImage box(int width, int height, int rgb) {
    var picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = picture.createGraphics();
    graphics.setColor(Color.GRAY);
    graphics.fillRect(0, 0, width, height);
    graphics.setColor(new Color(rgb));
    graphics.fillRect(width / 5, height / 4, width * 3 / 5, height / 2);
    graphics.dispose();
    return picture;
  }
}
