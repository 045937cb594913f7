package dev.palimpsest.examples;

import dev.palimpsest.esd.report.Proportion;
import dev.palimpsest.examples.ModelOptions.OpenModel;
import dev.palimpsest.examples.emoji.Panel;
import dev.palimpsest.examples.emoji.Style;
import dev.palimpsest.examples.emoji.Subject;
import dev.palimpsest.runtime.Device;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Scores what a model draws by the judge. */
@Command(
    name = "judge",
    mixinStandardHelpOptions = true,
    description = "Scores the starter model, or another of its kind: is it the subject, the style?")
final class JudgeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @ParentCommand private Palimpsest application = new Palimpsest();
  @Mixin private PictureOptions pictures = new PictureOptions();
  @Mixin private ModelOptions model = new ModelOptions();

  @Option(
      names = "--subjects",
      paramLabel = "N",
      defaultValue = "12",
      description = "Subjects, chosen by a fixed seed; default ${DEFAULT-VALUE}.")
  private int subjects = 12;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "40",
      description = "Pictures a prompt; default ${DEFAULT-VALUE}.")
  private int seeds = 40;

  @Override
  public Integer call() throws IOException {
    Panel panel = Panel.chosen(pictures.read(), subjects, 1, seeds);
    int workers = Runtime.getRuntime().availableProcessors();
    List<Panel.Scored> scored;
    try (OpenModel opened = model.open(Device.cpu(1));
        StarterJudge judge = StarterJudge.open(Device.cpu(1));
        var progress = Progress.of("judging", panel.pictures())) {
      scored =
          panel.score(
              opened.pipeline(),
              judge.judge(),
              workers,
              progress::stepBy,
              application.cancellation());
    }
    PrintWriter out = spec.commandLine().getOut();
    out.printf("%-28s %-22s %s%n", "of " + scored.size() + " pictures", "subject", "style");
    for (Subject subject : panel.subjects()) {
      print(out, subject.caption(), scored, one -> one.subject().equals(subject));
    }
    for (Style style : Style.values()) {
      print(out, style.phrase(), scored, one -> one.style() == style);
    }
    print(out, "all", scored, one -> true);
    return 0;
  }

  private static void print(
      PrintWriter out,
      String name,
      Collection<Panel.Scored> scored,
      Predicate<Panel.Scored> which) {
    List<Panel.Scored> some = scored.stream().filter(which).collect(Collectors.toList());
    out.printf(
        "%-28s %-22s %s%n",
        name,
        Proportion.of(some, Panel.Scored::isSubject),
        Proportion.of(some, Panel.Scored::isStyle));
  }
}
