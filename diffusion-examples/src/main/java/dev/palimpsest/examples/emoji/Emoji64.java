package dev.palimpsest.examples.emoji;

import static com.google.common.base.Preconditions.checkElementIndex;
import static java.util.Objects.requireNonNull;

import com.google.common.base.Splitter;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.image.Pictures;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Subjects, each drawn once in five styles at 64×64 pixels: one sheet of pictures a style and a
 * table of subjects. The folder {@code data/emoji64} of this module holds it, with its licences.
 * Immutable.
 */
public final class Emoji64 {
  /** Pixels a side of a picture. */
  public static final int SIZE = 64;

  /** The group that no starter model is trained on. */
  public static final String HELD_OUT = "Activities";

  private static final int COLUMNS = 24;
  private static final String TABLE = "subjects.tsv";
  private static final List<String> HEAD =
      List.of("index", "codepoint", "caption", "group", "subgroup", "keywords");

  private final List<Subject> subjects;
  private final Map<Style, BufferedImage> sheets;

  private Emoji64(List<Subject> subjects, Map<Style, BufferedImage> sheets) {
    this.subjects = List.copyOf(subjects);
    this.sheets = sheets;
  }

  /**
   * Reads a folder.
   *
   * @throws NoSuchFileException if a file is missing
   * @throws CheckpointException if the table or a sheet is not as described in its README
   */
  public static Emoji64 read(Path folder) throws IOException {
    List<Subject> subjects = subjects(folder.resolve(TABLE));
    int rows = (subjects.size() + COLUMNS - 1) / COLUMNS;
    Map<Style, BufferedImage> sheets = new EnumMap<>(Style.class);
    for (Style style : Style.values()) {
      Path file = folder.resolve(style.sheet());
      BufferedImage sheet = Pictures.read(file);
      if (sheet.getWidth() != COLUMNS * SIZE || sheet.getHeight() != rows * SIZE) {
        throw new CheckpointException(
            String.format(
                "%s is %dx%d pixels, expected %dx%d for %d subjects",
                file,
                sheet.getWidth(),
                sheet.getHeight(),
                COLUMNS * SIZE,
                rows * SIZE,
                subjects.size()));
      }
      sheets.put(style, sheet);
    }
    return new Emoji64(subjects, sheets);
  }

  private static List<Subject> subjects(Path table) throws IOException {
    List<String> lines = Files.readAllLines(table);
    if (lines.isEmpty() || !fields(lines.get(0)).equals(HEAD)) {
      throw new CheckpointException(table + " does not begin with the columns " + HEAD);
    }
    var subjects = new ArrayList<Subject>();
    for (String line : lines.subList(1, lines.size())) {
      List<String> fields = fields(line);
      if (fields.size() != HEAD.size() || !fields.get(0).equals("" + subjects.size())) {
        throw new CheckpointException(
            String.format(
                "%s line %d: expected the index %d and %d fields, found: %s",
                table, subjects.size() + 2, subjects.size(), HEAD.size(), line));
      }
      subjects.add(new Subject(subjects.size(), fields.get(2), fields.get(3)));
    }
    if (subjects.isEmpty()) {
      throw new CheckpointException(table + " lists no subject");
    }
    return subjects;
  }

  private static List<String> fields(String line) {
    return Splitter.on('\t').splitToList(line);
  }

  /** All subjects in the order of their index. */
  public List<Subject> subjects() {
    return subjects;
  }

  /** The subjects that starter models are trained on. */
  public List<Subject> shown() {
    return subjects.stream()
        .filter(subject -> !subject.group().equals(HELD_OUT))
        .collect(Collectors.toUnmodifiableList());
  }

  /** The first subject of a caption. */
  public Optional<Subject> subject(String caption) {
    return subjects.stream().filter(subject -> subject.caption().equals(caption)).findFirst();
  }

  /** A picture of {@link #SIZE}×{@link #SIZE} pixels, RGB. */
  public BufferedImage picture(Subject subject, Style style) {
    int index = checkElementIndex(subject.index(), subjects.size(), "subject");
    BufferedImage sheet = requireNonNull(sheets.get(style));
    var picture = new BufferedImage(SIZE, SIZE, BufferedImage.TYPE_INT_RGB);
    int left = index % COLUMNS * SIZE;
    int top = index / COLUMNS * SIZE;
    int[] pixels = sheet.getRGB(left, top, SIZE, SIZE, null, 0, SIZE);
    picture.setRGB(0, 0, SIZE, SIZE, pixels, 0, SIZE);
    return picture;
  }
}
