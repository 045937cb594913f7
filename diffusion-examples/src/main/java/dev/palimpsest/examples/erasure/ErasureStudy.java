package dev.palimpsest.examples.erasure;

import dev.palimpsest.GenerationRequest;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.esd.Erasure;
import dev.palimpsest.esd.report.ErasureReport;
import dev.palimpsest.esd.report.PictureScorer;
import dev.palimpsest.esd.report.PromptKind;
import dev.palimpsest.esd.report.PromptResult;
import dev.palimpsest.esd.report.ReportProgress;
import dev.palimpsest.esd.report.ReportResult;
import dev.palimpsest.esd.report.StackResult;
import dev.palimpsest.examples.emoji.Style;
import dev.palimpsest.file.AtomicFile;
import dev.palimpsest.image.ContactSheet;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Erases subjects and styles of the starter model, each on its own and some in one run, and scores
 * what the erased models draw. Run again on its folder it goes on where it ended; studies of
 * several methods share the pictures of the model before.
 */
public final class ErasureStudy {
  private static final int TOGETHER = 5;
  private static final int BATCH = 8;
  private static final int SHOWN = 5;
  private static final int STEPS = 25;
  private static final double GUIDANCE_SCALE = 4;

  private final Checkpoint starter;
  private final PictureScorer judge;
  private final StudyMethod method;
  private final Path folder;
  private final int workers;

  /**
   * @param folder for pictures, runs and results; results of methods lie side by side
   * @param workers prompts drawn at once
   */
  public ErasureStudy(
      Checkpoint starter, PictureScorer judge, StudyMethod method, Path folder, int workers) {
    this.starter = starter;
    this.judge = judge;
    this.method = method;
    this.folder = folder;
    this.workers = workers;
  }

  /** What is told of a study under way: sentences, and how far the pictures of an erasure are. */
  public record Listener(Consumer<String> say, ReportProgress.Listener pictures) {}

  /** A finished erasure. */
  private record Done(StudyTrial trial, ReportResult result) {
    StudyRow row() {
      return StudyRow.of(trial.name(), result);
    }
  }

  /**
   * Erases all subjects, all styles, and some subjects together.
   *
   * @param groups which of these
   * @throws dev.palimpsest.errors.CancelledException if cancelled
   */
  public void run(
      StudySubjects subjects,
      Set<StudyTrial.Group> groups,
      Listener listener,
      Cancellation cancellation)
      throws IOException {
    var trials = new ArrayList<StudyTrial>();
    subjects.erased().forEach(subject -> trials.add(StudyTrial.subject(subjects, subject)));
    for (Style style : Style.values()) {
      trials.add(StudyTrial.style(subjects, style));
    }
    trials.add(StudyTrial.together(subjects, TOGETHER));
    trials.removeIf(trial -> !groups.contains(trial.group()));
    run(trials, listener, cancellation);
  }

  /** The results so far are written after each erasure. */
  void run(List<StudyTrial> trials, Listener listener, Cancellation cancellation)
      throws IOException {
    var done = new ArrayList<Done>();
    for (StudyTrial trial : trials) {
      Done one = new Done(trial, result(trial, listener, cancellation));
      done.add(one);
      listener.say.accept(StudyTable.line(one.row()));
      write(name(trials), done);
    }
  }

  /** Such as {@code ESD_X-style}: the method, and the groups. */
  private String name(List<StudyTrial> trials) {
    return trials.stream()
        .map(trial -> "-" + trial.group().name().toLowerCase(Locale.ROOT))
        .distinct()
        .collect(Collectors.joining("", method.name(), ""));
  }

  private ReportResult result(StudyTrial trial, Listener listener, Cancellation cancellation)
      throws IOException {
    Path run = folder.resolve("runs").resolve(method.name() + "-" + fileName(trial.name()));
    Erasure erasure = method.erase(starter, trial.wish(), run, cancellation);
    ErasureReport.Builder report =
        ErasureReport.builder(starter)
            .after(method.name(), erasure)
            .request(GenerationRequest.unconditional().steps(STEPS).guidanceScale(GUIDANCE_SCALE))
            .batch(BATCH)
            .workers(workers)
            .device(Device.cpu(1))
            .scorer(judge);
    trial.prompts().forEach(report::prompt);
    return report.in(folder.resolve("pictures")).run(listener.pictures, cancellation);
  }

  private static String fileName(String name) {
    return name.replaceAll("[^\\p{Alnum}]+", "-");
  }

  private void write(String name, List<Done> done) throws IOException {
    List<StudyRow> rows = rows(done);
    write(name + ".json", StudyTable.json(settings(), rows));
    write(name + ".md", StudyTable.markdown(rows));
    PngFile.write(folder.resolve(name + ".png"), sheet(done), PngMetadata.generated());
  }

  private void write(String name, String text) throws IOException {
    AtomicFile.write(folder.resolve(name), text.getBytes(StandardCharsets.UTF_8));
  }

  private Map<String, Object> settings() {
    var settings = new LinkedHashMap<String, Object>();
    settings.put("method", method.name());
    settings.putAll(method.settings());
    return settings;
  }

  /** Pooled rows, each with the worst of its group, and then all of their own. */
  private static List<StudyRow> rows(List<Done> done) {
    var rows = new ArrayList<StudyRow>();
    for (StudyTrial.Group group : StudyTrial.Group.values()) {
      List<StudyRow> own =
          done.stream().filter(one -> one.trial.group() == group).map(Done::row).toList();
      if (!own.isEmpty()) {
        rows.add(StudyRow.pooled(group.title(), own));
        rows.addAll(own.stream().sorted(worstFirst()).toList());
      }
    }
    return rows;
  }

  private static Comparator<StudyRow> worstFirst() {
    return Comparator.comparingDouble(row -> -row.erasedAfter().value());
  }

  /** A row an erasure: five pictures of its concept before and after, five of others likewise. */
  private static BufferedImage sheet(List<Done> done) throws IOException {
    var pictures = new ArrayList<BufferedImage>();
    for (Done one : done) {
      for (PromptKind kind : List.of(PromptKind.CONCEPT, PromptKind.UNRELATED)) {
        for (StackResult stack : one.result.stacks()) {
          pictures.addAll(some(stack, kind));
        }
      }
    }
    return ContactSheet.of(pictures, 4 * SHOWN).draw();
  }

  private static List<BufferedImage> some(StackResult stack, PromptKind kind) throws IOException {
    var pictures = new ArrayList<BufferedImage>();
    List<PromptResult> prompts =
        stack.prompts().stream().filter(prompt -> prompt.prompt().kind() == kind).toList();
    for (int i = 0; i < SHOWN; i++) {
      pictures.add(Pictures.read(prompts.get(i % prompts.size()).pictures().get(0).file()));
    }
    return pictures;
  }
}
