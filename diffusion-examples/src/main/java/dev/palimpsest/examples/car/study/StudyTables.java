package dev.palimpsest.examples.car.study;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.esd.report.HtmlPage;
import dev.palimpsest.esd.report.Proportion;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The tables of the study's page. */
final class StudyTables {
  private static final int WORST = 5;

  private final StudyRun study;
  private final HtmlPage page;

  StudyTables(StudyRun study, HtmlPage page) {
    this.study = study;
    this.page = page;
  }

  void goals() throws IOException {
    page.heading("Goals and what was measured");
    var rows = new ArrayList<List<String>>();
    for (Goal goal : Goal.of(study)) {
      String met = goal.met() ? "<span class=yes>met</span>" : "<span class=no>not&nbsp;met</span>";
      rows.add(
          List.of(
              HtmlPage.escaped(goal.what()),
              HtmlPage.escaped(goal.aim()).replace(" ", "&nbsp;"),
              HtmlPage.escaped(goal.measured()),
              met));
    }
    page.table(List.of("", "goal", "measured", ""), rows);
    page.paragraph("Goals were fixed before the first full study. Intervals are of 95 %.");
  }

  /** What stacks still draw, a row a stack. */
  void kept(Config stacks) {
    var head = new ArrayList<String>(List.of("stack"));
    var rows = new ArrayList<List<String>>();
    for (String name : stacks.asMap().keySet()) {
      Config stack = stacks.object(name);
      Set<String> concepts = stack.object("concepts").asMap().keySet();
      if (head.size() == 1) {
        concepts.forEach(concept -> head.add(HtmlPage.escaped(concept)));
        head.addAll(List.of("all erased", "car", "unrelated", "unrelated lost, points"));
      }
      var row = new ArrayList<String>(List.of(HtmlPage.escaped(name)));
      concepts.forEach(
          concept -> row.add(HtmlPage.share(Shares.of(stack.object("concepts"), concept))));
      for (String share : List.of("erased", "car", "unrelated")) {
        row.add(HtmlPage.share(Shares.of(stack, share)));
      }
      Config lost = stack.object("lost");
      row.add(
          String.format(Locale.ROOT, "%.1f ± %.1f", lost.number("points"), lost.number("margin")));
      rows.add(row);
    }
    page.table(head, rows);
  }

  void words() throws IOException {
    page.heading("Does a picture show what its caption says?");
    Config words = study.result(WordStage.NAME).object("words");
    page.paragraph(
        "The share of pictures that show a word of their caption, with its interval in orange. Words"
            + " count for the mean if the judge is right on "
            + (int) (100 * WordStage.TRUSTED)
            + " % of held-out renders or more; the others are shown all the same. Number plates are"
            + " shown above and not scored: at this size nobody can read them.");
    for (Question question : Question.values()) {
      if (words.has(question.parameter())) {
        words(question, words.object(question.parameter()));
      }
    }
  }

  /** The words of one parameter in their usual order. */
  private void words(Question question, Config shares) throws IOException {
    var rows = new ArrayList<List<String>>();
    for (String word : question.answers()) {
      if (shares.has(word)) {
        rows.add(List.of(HtmlPage.escaped(word), measured(Shares.of(shares, word))));
      }
    }
    boolean counts = WordStage.isTrusted(study, question);
    page.table(List.of(question.parameter() + (counts ? "" : " (not scored)"), "shown"), rows);
  }

  private static String measured(Proportion share) {
    return bar(share) + HtmlPage.share(share);
  }

  private static String bar(Proportion share) {
    return String.format(
        Locale.ROOT,
        "<div class=bar><i style=\"width:%.1f%%\"></i><b style=\"left:%.1f%%;width:%.1f%%\"></b></div>",
        100 * share.value(),
        100 * share.low(),
        100 * (share.high() - share.low()));
  }

  void variety() throws IOException {
    page.heading("Variety");
    Config variety = study.result(VarietyStage.NAME);
    var rows = new ArrayList<List<String>>();
    variety
        .asMap()
        .forEach(
            (name, value) ->
                rows.add(
                    List.of(
                        name.replace('_', ' '),
                        String.format(Locale.ROOT, "%.2f", variety.number(name)))));
    page.paragraph(
        "Distances between what the judges' network sees in two pictures. Diversity is the mean over"
            + " pairs of seeds of one prompt. Memorised pictures would come much nearer to a taught"
            + " render than held-out renders do.");
    page.table(List.of("", "distance, or share"), rows);
  }

  void ablations() throws IOException {
    page.heading("The order, and no erasing at all");
    Config ablations = study.result(AblationStage.NAME);
    page.paragraph(
        "With one picture in "
            + study.plan().pictures().share()
            + " of those above, the same for all rows.");
    kept(ablations.object("kept"));
    var rows = new ArrayList<List<String>>();
    Config words = ablations.object("words");
    for (String stack : words.asMap().keySet()) {
      Config own = words.object(stack);
      rows.add(
          List.of(
              HtmlPage.escaped(stack),
              own.has("mean")
                  ? String.format(Locale.ROOT, "%.1f %%", 100 * own.number("mean"))
                  : "no word can be scored"));
    }
    page.table(List.of("stack", "words shown, mean"), rows);
  }

  void judges() throws IOException {
    page.heading("How good the judges are");
    page.paragraph(
        "On held-out renders, which have other parameters than those that judges learned from. Paint"
            + " is told by pixel statistics, all else by a network. What a judge gets wrong lowers"
            + " every share above.");
    Config judges = study.result(JudgeStage.NAME);
    var rows = new ArrayList<List<String>>();
    for (String parameter : judges.asMap().keySet()) {
      Proportion share = Shares.of(judges, parameter);
      rows.add(List.of(parameter, measured(share)));
    }
    page.table(List.of("parameter", "right"), rows);
  }

  /** The worst words and all that missed its goal. */
  void notGood() throws IOException {
    page.heading("What is not good");
    var lines = new ArrayList<String>();
    for (Goal goal : Goal.of(study)) {
      if (!goal.met()) {
        lines.add(goal.what() + ": " + goal.measured() + ", the goal was " + goal.aim());
      }
    }
    Config words = study.result(WordStage.NAME).object("words");
    var shares = new TreeMap<String, Proportion>();
    for (String parameter : words.asMap().keySet()) {
      Config own = words.object(parameter);
      own.asMap().keySet().forEach(word -> shares.put(word, Shares.of(own, word)));
    }
    shares.entrySet().stream()
        .sorted(Comparator.comparingDouble(word -> word.getValue().value()))
        .limit(WORST)
        .forEach(word -> lines.add("“" + word.getKey() + "” is shown in " + word.getValue()));
    lines.add(
        "The model works on 64×64 to "
            + study.plan().lora().sides().get(study.plan().lora().sides().size() - 1)
            + " pixels and has few weights: small parts such as wheels, grilles and plates are"
            + " hinted at, and enlarging adds texture rather than parts.");
    page.append("<ul>");
    lines.forEach(line -> page.append("<li>" + HtmlPage.escaped(line)));
    page.append("</ul>\n");
  }

  void costs(List<Stage> stages) throws IOException {
    page.heading("Time and memory");
    Config costs = Config.of(study.folder().costs());
    var rows = new ArrayList<List<String>>();
    double all = 0;
    for (Stage stage : stages) {
      if (costs.has(stage.name())) {
        Config own = costs.object(stage.name());
        all += own.number("seconds");
        rows.add(
            List.of(
                stage.name(),
                String.format(Locale.ROOT, "%.1f", own.number("seconds") / 60),
                String.format(Locale.ROOT, "%.1f", own.number("bytes") / (1 << 30))));
      }
    }
    rows.add(List.of("All", String.format(Locale.ROOT, "%.1f", all / 60), ""));
    page.table(List.of("stage", "minutes", "GiB of the process's own memory"), rows);
    page.paragraph(
        "On the CPU, " + study.workers() + " threads. The cost is that of the machine's time.");
  }

  void settings() {
    page.heading("Settings");
    var rows = new ArrayList<List<String>>();
    study
        .plan()
        .asMap()
        .forEach(
            (name, value) -> {
              if (value instanceof Map<?, ?> fields) {
                rows.add(List.of(name, HtmlPage.escaped(String.valueOf(fields))));
              }
            });
    page.table(List.of("", "settings"), rows);
  }
}
