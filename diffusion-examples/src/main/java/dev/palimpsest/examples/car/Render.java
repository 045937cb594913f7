package dev.palimpsest.examples.car;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A picture to render: its scene file, the values declared for it, and what is told of it.
 * Immutable.
 *
 * @param name of the files, without extension
 * @param scene the scene file that is included
 * @param declarations values in POV-Ray's language by name
 * @param fields the line of {@code metadata.jsonl} beside file name and caption
 */
public record Render(
    String name,
    Size size,
    String scene,
    Map<String, String> declarations,
    String caption,
    Map<String, String> fields) {
  /** Pixels of the picture at scale 1. */
  public record Size(int width, int height) {
    public Size {
      checkArgument(width > 0 && height > 0, "size must be > 0, was %sx%s", width, height);
    }

    /** So many times this size. */
    public Size times(int factor) {
      return new Size(width * factor, height * factor);
    }
  }

  public Render {
    declarations = Collections.unmodifiableMap(new LinkedHashMap<>(declarations));
    fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
  }

  /** The file that POV-Ray is given. */
  public String source() {
    var text = new StringBuilder("#version 3.7;\n");
    declarations.forEach((key, value) -> text.append("#declare " + key + " = " + value + ";\n"));
    return text.append("#include \"" + scene + "\"\n").toString();
  }
}
