package dev.palimpsest.examples.erasure;

import dev.palimpsest.esd.report.ReportPrompt;
import dev.palimpsest.examples.emoji.Style;
import dev.palimpsest.examples.emoji.Subject;
import dev.palimpsest.examples.erasure.StudyMethod.Wish;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * One erasure of the study and the prompts that it is scored with.
 *
 * @param name such as {@code fire engine}
 * @param group what it is pooled with
 * @param wish what is erased and what may be preserved; of the latter nothing is scored
 */
public record StudyTrial(String name, Group group, Wish wish, List<ReportPrompt> prompts) {
  private static final int LESSONS = 20;

  /** What results are pooled over. */
  public enum Group {
    SUBJECT("subjects"),
    STYLE("styles"),
    TOGETHER("several in one run");

    private final String title;

    Group(String title) {
      this.title = title;
    }

    String title() {
      return title;
    }
  }

  static StudyTrial subject(StudySubjects subjects, Subject erased) {
    var prompts = new ArrayList<>(StudySubjects.ofSubject(erased));
    prompts.addAll(subjects.otherSubjects());
    return new StudyTrial(
        erased.caption(),
        Group.SUBJECT,
        Wish.erasing(styled(erased), preserved(subjects)),
        prompts);
  }

  static StudyTrial style(StudySubjects subjects, Style erased) {
    var prompts = new ArrayList<>(subjects.ofStyle(erased));
    prompts.addAll(subjects.otherStyles(erased));
    List<String> preserved =
        preserved(subjects).stream().filter(prompt -> !prompt.startsWith(erased.phrase())).toList();
    Map<String, String> targets = targets(subjects, erased);
    return new StudyTrial(
        erased.phrase(),
        Group.STYLE,
        new Wish(targets.keySet().stream().toList(), targets, preserved),
        prompts);
  }

  static StudyTrial together(StudySubjects subjects, int count) {
    List<Subject> erased = subjects.together(count);
    var prompts = new ArrayList<ReportPrompt>();
    erased.forEach(subject -> prompts.addAll(StudySubjects.ofSubject(subject)));
    prompts.addAll(subjects.otherSubjects());
    List<String> concepts = erased.stream().flatMap(subject -> styled(subject).stream()).toList();
    String name = erased.stream().map(Subject::caption).collect(Collectors.joining(", "));
    return new StudyTrial(
        name, Group.TOGETHER, Wish.erasing(concepts, preserved(subjects)), prompts);
  }

  private static List<String> styled(Subject subject) {
    return Arrays.stream(Style.values()).map(style -> style.prompt(subject.caption())).toList();
  }

  /**
   * A style is given as prompts ask for it, of subjects that are not scored. A picture has one
   * style or another: it gets that which is most unlike.
   */
  private static Map<String, String> targets(StudySubjects subjects, Style style) {
    Style other = style == Style.RENDER ? Style.LINES : Style.RENDER;
    int count = subjects.lessons().size();
    var targets = new LinkedHashMap<String, String>();
    for (int i = 0; i < LESSONS; i++) {
      String caption = subjects.lessons().get(i * count / LESSONS).caption();
      targets.put(style.prompt(caption), other.prompt(caption));
    }
    return targets;
  }

  private static List<String> preserved(StudySubjects subjects) {
    var prompts = new ArrayList<String>();
    for (int i = 0; i < subjects.lessons().size(); i++) {
      Style style = Style.values()[i % Style.values().length];
      prompts.add(style.prompt(subjects.lessons().get(i).caption()));
    }
    return prompts;
  }
}
