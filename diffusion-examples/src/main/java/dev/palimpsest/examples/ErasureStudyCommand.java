package dev.palimpsest.examples;

import dev.palimpsest.esd.EditedTokens;
import dev.palimpsest.esd.ErasureMethod;
import dev.palimpsest.examples.emoji.Emoji64;
import dev.palimpsest.examples.emoji.JudgeScorer;
import dev.palimpsest.examples.erasure.ErasureStudy;
import dev.palimpsest.examples.erasure.StudyMethod;
import dev.palimpsest.examples.erasure.StudySubjects;
import dev.palimpsest.examples.erasure.StudyTrial;
import dev.palimpsest.runtime.Device;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Measures how well the starter model forgets. */
@Command(
    name = "erasure-study",
    mixinStandardHelpOptions = true,
    description = {
      "Erases twelve subjects and five styles of the starter model, each on its own, and five"
          + " subjects in one run; draws them and 24 others before and after with the same seeds"
          + " and lets the judge score what is drawn.",
      "The same command on the same folder resumes a study that ended early."
    })
final class ErasureStudyCommand implements Callable<Integer> {
  private static final double CONFINEMENT = 100;

  @Spec private CommandSpec spec = CommandSpec.create();
  @ParentCommand private Palimpsest application = new Palimpsest();
  @Mixin private PictureOptions pictures = new PictureOptions();

  @Option(
      names = "--method",
      paramLabel = "METHOD",
      defaultValue = "ESD_X",
      description = "UCE, or one of ESD's: ESD_X, ESD_U, ESD_ALL, ESD_X_STRICT.")
  private String method = "";

  @Option(
      names = "--iterations",
      paramLabel = "N",
      defaultValue = "200",
      description = "Of ESD; default ${DEFAULT-VALUE}.")
  private int iterations;

  @Option(
      names = "--learning-rate",
      paramLabel = "RATE",
      description = "Of ESD; default the method's.")
  private @Nullable Double learningRate;

  @Option(
      names = "--eta",
      paramLabel = "N",
      defaultValue = "1",
      description = "Of ESD: how far to lead away; default ${DEFAULT-VALUE}.")
  private double eta;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "1",
      description = "Of ESD: states an iteration; default ${DEFAULT-VALUE}.")
  private int batch;

  @Option(
      names = "--confinement",
      paramLabel = "WEIGHT",
      description =
          "Of ESD_X_STRICT: how much a concept counts beside the 439 prompts on which nothing is to"
              + " change; default 100, 0 leaves the erasure as it was trained.")
  private @Nullable Double confinement;

  @Option(names = "--exact", description = "Of ESD: denoise anew for each state.")
  private boolean exact;

  @Option(
      names = "--tokens",
      paramLabel = "WHICH",
      defaultValue = "FROM_LAST_SUBJECT",
      description = "Of UCE: ${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}.")
  private EditedTokens tokens = EditedTokens.FROM_LAST_SUBJECT;

  @Option(
      names = "--erase-weight",
      paramLabel = "N",
      defaultValue = "8",
      description = "Of UCE; default ${DEFAULT-VALUE}.")
  private double eraseWeight;

  @Option(
      names = "--lambda",
      paramLabel = "N",
      defaultValue = "0.5",
      description = "Of UCE; default ${DEFAULT-VALUE}.")
  private double lambda;

  @Option(
      names = "--preserve",
      paramLabel = "N",
      description =
          "Prompts to preserve, of subjects that are not scored; default all 439 for UCE, none for"
              + " ESD.")
  private @Nullable Integer preserve;

  @Option(
      names = "--group",
      paramLabel = "GROUP",
      description = "Only these erasures, of ${COMPLETION-CANDIDATES}; may be repeated.")
  private Set<StudyTrial.Group> groups = EnumSet.allOf(StudyTrial.Group.class);

  @Option(
      names = "--tuning",
      description = "Of four other subjects and other panels, to choose settings with.")
  private boolean tuning;

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "Pictures drawn at once, a thread each; default one a core.")
  private int workers = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "erasure-study",
      description = "Default ${DEFAULT-VALUE}.")
  private Path out = Path.of("");

  @Override
  public Integer call() throws IOException {
    Emoji64 emoji = pictures.read();
    StudySubjects subjects = tuning ? StudySubjects.tuning(emoji) : StudySubjects.of(emoji);
    PrintWriter console = spec.commandLine().getOut();
    Files.createDirectories(out);
    try (StarterModel starter = StarterModel.open();
        StarterJudge judge = StarterJudge.open(Device.cpu(1));
        var progress = new ReportBar()) {
      var study =
          new ErasureStudy(
              starter.checkpoint(),
              new JudgeScorer(judge.judge(), emoji),
              studyMethod(subjects.lessons().size()),
              out,
              workers);
      var listener =
          new ErasureStudy.Listener(
              line -> {
                console.println(line);
                console.flush();
              },
              progress);
      study.run(subjects, groups, listener, application.cancellation());
    }
    console.println(out.toAbsolutePath() + ": done");
    return 0;
  }

  private StudyMethod studyMethod(int lessons) {
    Device device = Device.cpu(workers);
    if (method.equalsIgnoreCase("UCE")) {
      int kept = preserve == null ? lessons : preserve;
      return new StudyMethod.Uce(tokens, eraseWeight, lambda, kept, device);
    }
    ErasureMethod esd = ErasureMethod.valueOf(method.toUpperCase(Locale.ROOT));
    double rate = learningRate == null ? esd.learningRate() : learningRate;
    int kept = preserve == null ? 0 : preserve;
    double confined = esd == ErasureMethod.ESD_X_STRICT ? CONFINEMENT : 0;
    confined = confinement == null ? confined : confinement;
    return new StudyMethod.Esd(esd, iterations, rate, eta, batch, kept, confined, exact, device);
  }
}
