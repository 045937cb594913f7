package dev.palimpsest.examples.car;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What POV-Ray needs to draw sets of renders: for each set a folder of scene files with a {@code
 * metadata.jsonl}, and {@code render.sh}, a command line for each picture.
 */
public final class RenderFolder {
  private static final JsonMapper JSON = new JsonMapper();

  private RenderFolder() {}

  /**
   * Writes the files.
   *
   * @param scenes the folder of the scene files that are included
   * @param scale so many times the size of the study's pictures
   * @return how many pictures there will be
   */
  public static int write(RenderSets sets, Path out, Path scenes, int scale) throws IOException {
    var script = new StringBuilder("#!/bin/sh\n# Draws what is not there yet.\nset -e\n");
    script.append("cd \"$(dirname \"$0\")\"\n");
    int count = 0;
    for (String set : sets.names()) {
      Path folder = Files.createDirectories(out.resolve(set));
      var lines = new ArrayList<String>();
      for (Render render : sets.set(set)) {
        Files.writeString(folder.resolve(render.name() + ".pov"), render.source());
        lines.add(line(render));
        script.append(command(set, render, scenes, scale));
        count++;
      }
      Files.write(folder.resolve("metadata.jsonl"), lines, UTF_8);
    }
    Files.writeString(out.resolve("render.sh"), script);
    return count;
  }

  private static String line(Render render) throws IOException {
    Map<String, String> line = new LinkedHashMap<>();
    line.put("file_name", render.name() + ".jpg");
    line.put("text", render.caption());
    line.putAll(render.fields());
    return JSON.writeValueAsString(line);
  }

  private static String command(String set, Render render, Path scenes, int scale) {
    Render.Size size = render.size().times(scale);
    String name = set + "/" + render.name();
    var words =
        List.of(
            "[ -s " + name + ".jpg ] ||",
            "povray " + name + ".pov +O" + name + ".jpg +FJ",
            "+W" + size.width() + " +H" + size.height(),
            "+A0.3 +R2 -J -D -GA +L'" + scenes.toAbsolutePath() + "'");
    return String.join(" ", words) + "\n";
  }
}
