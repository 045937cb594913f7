package dev.palimpsest.esd.report;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.file.AtomicFile;
import dev.palimpsest.image.ContactSheet;
import dev.palimpsest.image.Pictures;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a report found. Immutable; the pictures stay in the report's folder.
 *
 * @param scorer what recognised subjects
 * @param settings how pictures were made
 * @param stacks the first is what the others are compared with
 */
public record ReportResult(
    String scorer, SortedMap<String, String> settings, List<StackResult> stacks) {
  public ReportResult {
    settings = Collections.unmodifiableSortedMap(new TreeMap<>(settings));
    stacks = List.copyOf(stacks);
    checkArgument(!stacks.isEmpty(), "a report needs a stack");
  }

  /** The stack that the others are compared with. */
  public StackResult before() {
    return stacks.get(0);
  }

  /**
   * The stack of a name.
   *
   * @throws IllegalArgumentException if there is none; the message lists those there are
   */
  public StackResult stack(String name) {
    return stacks.stream()
        .filter(stack -> stack.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no stack '"
                        + name
                        + "'; there are "
                        + stacks.stream().map(StackResult::name).toList()));
  }

  /** The result as a JSON object, a score for each picture among it. */
  public String json() {
    return ReportJson.of(this);
  }

  /** One page that needs no other file, with small copies of some pictures of each prompt. */
  public String html() throws IOException {
    return ReportHtml.of(this);
  }

  /** Writes {@code report.json} and {@code report.html}. */
  public void write(Path folder) throws IOException {
    AtomicFile.write(folder.resolve("report.json"), json().getBytes(StandardCharsets.UTF_8));
    AtomicFile.write(folder.resolve("report.html"), html().getBytes(StandardCharsets.UTF_8));
  }

  /**
   * The pictures of the first seeds: a row a prompt, the stacks side by side.
   *
   * @param seeds pictures of each prompt and stack, fewer where there are not so many
   */
  public ContactSheet sheet(int seeds) throws IOException {
    int each = seeds;
    for (PromptResult prompt : before().prompts()) {
      each = Math.min(each, prompt.pictures().size());
    }
    var pictures = new ArrayList<BufferedImage>();
    var rows = new ArrayList<String>();
    for (int i = 0; i < before().prompts().size(); i++) {
      rows.add(before().prompts().get(i).prompt().text());
      for (StackResult stack : stacks) {
        for (PromptResult.ScoredPicture picture :
            stack.prompts().get(i).pictures().subList(0, each)) {
          pictures.add(Pictures.read(picture.file()));
        }
      }
    }
    var columns = new ArrayList<String>();
    for (StackResult stack : stacks) {
      columns.addAll(Collections.nCopies(each, stack.name()));
    }
    return ContactSheet.of(pictures, columns.size()).columnLabels(columns).rowLabels(rows);
  }
}
