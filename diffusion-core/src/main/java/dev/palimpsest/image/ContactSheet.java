package dev.palimpsest.image;

import static com.google.common.base.Preconditions.checkArgument;

import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Pictures of one size in a grid on white, row by row, with labels if wanted. Immutable.
 *
 * <p>Labels are drawn with the system's sans-serif font; without them no font is needed.
 */
public final class ContactSheet {
  private static final int GAP = 4;
  private static final int WHITE = 0xffffff;

  private final List<BufferedImage> pictures;
  private final int columns;
  private final List<String> columnLabels;
  private final List<String> rowLabels;

  private ContactSheet(
      List<BufferedImage> pictures,
      int columns,
      List<String> columnLabels,
      List<String> rowLabels) {
    this.pictures = pictures;
    this.columns = columns;
    this.columnLabels = columnLabels;
    this.rowLabels = rowLabels;
  }

  /**
   * @throws IllegalArgumentException if there is no picture or their sizes differ
   */
  public static ContactSheet of(List<BufferedImage> pictures, int columns) {
    checkArgument(!pictures.isEmpty(), "a contact sheet needs a picture");
    checkArgument(columns > 0, "a contact sheet cannot have %s columns", columns);
    BufferedImage first = pictures.get(0);
    for (int i = 1; i < pictures.size(); i++) {
      BufferedImage other = pictures.get(i);
      checkArgument(
          other.getWidth() == first.getWidth() && other.getHeight() == first.getHeight(),
          "picture %s has size %sx%s, the first %sx%s",
          i,
          other.getWidth(),
          other.getHeight(),
          first.getWidth(),
          first.getHeight());
    }
    return new ContactSheet(List.copyOf(pictures), columns, List.of(), List.of());
  }

  /** With a label above each column. */
  public ContactSheet columnLabels(List<String> labels) {
    checkArgument(labels.size() == columns, "%s labels for %s columns", labels.size(), columns);
    return new ContactSheet(pictures, columns, List.copyOf(labels), rowLabels);
  }

  /** With a label left of each row. */
  public ContactSheet rowLabels(List<String> labels) {
    checkArgument(labels.size() == rows(), "%s labels for %s rows", labels.size(), rows());
    return new ContactSheet(pictures, columns, columnLabels, List.copyOf(labels));
  }

  /**
   * The sheet as a picture of {@code TYPE_INT_RGB}.
   *
   * @throws IllegalStateException if there are labels and Java cannot draw text: no font, or
   *     DISPLAY names no display
   */
  public BufferedImage draw() {
    if (columnLabels.isEmpty() && rowLabels.isEmpty()) {
      return blank(new Grid(0, 0, cellWidth(), cellHeight()));
    }
    return drawLabelled(metrics(Math.max(12, Math.min(32, cellHeight() / 16))));
  }

  private static FontMetrics metrics(int size) {
    try {
      Graphics2D scratch = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics();
      FontMetrics metrics = scratch.getFontMetrics(new Font(Font.SANS_SERIF, Font.PLAIN, size));
      scratch.dispose();
      return metrics;
    } catch (Error | RuntimeException e) { // without fonts Java throws a plain Error
      throw new IllegalStateException(
          "labels cannot be drawn ("
              + e.getMessage()
              + "): install fontconfig and a font such as DejaVu Sans, set the system property"
              + " java.awt.headless=true if there is no display, or draw without labels",
          e);
    }
  }

  /** Where things are: the widths of the label column and cells, the heights likewise. */
  private record Grid(int labelWidth, int labelHeight, int cellWidth, int cellHeight) {
    int x(int column) {
      return (labelWidth == 0 ? GAP : labelWidth + 2 * GAP) + column * (cellWidth + GAP);
    }

    int y(int row) {
      return (labelHeight == 0 ? GAP : labelHeight + 2 * GAP) + row * (cellHeight + GAP);
    }
  }

  private BufferedImage drawLabelled(FontMetrics metrics) {
    // Cells grow so that the longest word and the tallest label are seen whole.
    int cellWidth = Math.max(cellWidth(), widestWord(columnLabels, metrics));
    int labelWidth =
        rowLabels.isEmpty() ? 0 : Math.max(cellWidth(), widestWord(rowLabels, metrics));
    int labelHeight = tallest(columnLabels, metrics, cellWidth);
    int cellHeight = Math.max(cellHeight(), tallest(rowLabels, metrics, labelWidth));
    var grid = new Grid(labelWidth, labelHeight, cellWidth, cellHeight);
    BufferedImage sheet = blank(grid);
    Graphics2D graphics = sheet.createGraphics();
    try {
      graphics.setRenderingHint(
          RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
      graphics.setColor(Color.BLACK);
      graphics.setFont(metrics.getFont());
      for (int column = 0; column < columnLabels.size(); column++) {
        text(graphics, metrics, columnLabels.get(column), grid.x(column), GAP, cellWidth);
      }
      for (int row = 0; row < rowLabels.size(); row++) {
        text(graphics, metrics, rowLabels.get(row), GAP, grid.y(row), labelWidth);
      }
    } finally {
      graphics.dispose();
    }
    return sheet;
  }

  /** The sheet without its labels. */
  private BufferedImage blank(Grid grid) {
    int width = grid.x(columns);
    int height = grid.y(rows());
    checkArgument(
        (long) width * height <= Pictures.MAX_PIXELS * 4,
        "a contact sheet of %sx%s pixels is too large",
        width,
        height);
    int[] pixels = new int[width * height];
    Arrays.fill(pixels, WHITE);
    for (int i = 0; i < pictures.size(); i++) {
      int[] cell = Rgb.pixels(pictures.get(i));
      int start = grid.y(i / columns) * width + grid.x(i % columns);
      for (int y = 0; y < cellHeight(); y++) {
        System.arraycopy(cell, y * cellWidth(), pixels, start + y * width, cellWidth());
      }
    }
    return Rgb.picture(width, height, pixels);
  }

  private static void text(
      Graphics2D graphics, FontMetrics metrics, String label, int x, int y, int width) {
    int baseline = y + metrics.getAscent();
    for (String line : lines(label, metrics, width)) {
      graphics.drawString(line, x, baseline);
      baseline += metrics.getHeight();
    }
  }

  /** Words put on a line as long as they fit. */
  private static List<String> lines(String label, FontMetrics metrics, int width) {
    List<String> lines = new ArrayList<>();
    for (String word : words(label)) {
      int last = lines.size() - 1;
      String longer = last < 0 ? word : lines.get(last) + " " + word;
      if (last >= 0 && metrics.stringWidth(longer) <= width) {
        lines.set(last, longer);
      } else {
        lines.add(word);
      }
    }
    return lines;
  }

  private static int widestWord(List<String> labels, FontMetrics metrics) {
    return labels.stream()
        .flatMap(label -> words(label).stream())
        .mapToInt(metrics::stringWidth)
        .max()
        .orElse(0);
  }

  private static int tallest(List<String> labels, FontMetrics metrics, int width) {
    return labels.stream()
        .mapToInt(label -> lines(label, metrics, width).size() * metrics.getHeight())
        .max()
        .orElse(0);
  }

  private static List<String> words(String label) {
    return List.of(label.strip().split("\\s+"));
  }

  private int rows() {
    return (pictures.size() + columns - 1) / columns;
  }

  private int cellWidth() {
    return pictures.get(0).getWidth();
  }

  private int cellHeight() {
    return pictures.get(0).getHeight();
  }
}
