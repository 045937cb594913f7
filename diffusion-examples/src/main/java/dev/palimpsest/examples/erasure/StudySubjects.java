package dev.palimpsest.examples.erasure;

import dev.palimpsest.esd.report.PromptKind;
import dev.palimpsest.esd.report.ReportPrompt;
import dev.palimpsest.examples.emoji.Emoji64;
import dev.palimpsest.examples.emoji.Panel;
import dev.palimpsest.examples.emoji.Style;
import dev.palimpsest.examples.emoji.Subject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Which subjects the study erases and which it watches, all different, by one fixed order of what
 * the starter model knows. Immutable.
 *
 * @param erased each on its own
 * @param others concepts that should stay
 * @param lessons subjects of prompts that an erasure may be told to preserve; none is scored
 */
public record StudySubjects(List<Subject> erased, List<Subject> others, List<Subject> lessons) {
  private static final long SEED = 1;
  private static final int ERASED = 12;
  private static final int OTHERS = 24;
  private static final int TUNED = 4;
  private static final int SEEDS_A_STYLE = 8;
  private static final int SEEDS_AN_OTHER = 5;

  public StudySubjects {
    erased = List.copyOf(erased);
    others = List.copyOf(others);
    lessons = List.copyOf(lessons);
  }

  /** The subjects of the study itself. */
  public static StudySubjects of(Emoji64 emoji) {
    List<Subject> order = order(emoji);
    return new StudySubjects(
        order.subList(0, ERASED), order.subList(ERASED, ERASED + OTHERS), lessons(order));
  }

  /** Other subjects, to choose settings with. */
  public static StudySubjects tuning(Emoji64 emoji) {
    List<Subject> order = order(emoji);
    int first = ERASED + OTHERS;
    int second = first + TUNED;
    return new StudySubjects(
        order.subList(first, second), order.subList(second, second + OTHERS), lessons(order));
  }

  private static List<Subject> lessons(List<Subject> order) {
    return order.subList(ERASED + OTHERS + TUNED + OTHERS, order.size());
  }

  private static List<Subject> order(Emoji64 emoji) {
    return Panel.chosen(emoji, emoji.shown().size(), SEED, 1).subjects();
  }

  /** The first {@code count} of those erased on their own, for an erasure of all in one run. */
  public List<Subject> together(int count) {
    return erased.subList(0, Math.min(count, erased.size()));
  }

  /** 40 pictures of a subject: eight seeds of its own in each style. */
  static List<ReportPrompt> ofSubject(Subject subject) {
    var prompts = new ArrayList<ReportPrompt>();
    for (Style style : Style.values()) {
      long first = (long) SEEDS_A_STYLE * style.ordinal();
      prompts.add(
          ReportPrompt.of(PromptKind.CONCEPT, style.prompt(subject.caption()), subject.caption())
              .seeds(LongStream.range(first, first + SEEDS_A_STYLE).toArray()));
    }
    return prompts;
  }

  /** The other subjects, in the styles in turn, with five seeds each. */
  List<ReportPrompt> otherSubjects() {
    var prompts = new ArrayList<ReportPrompt>();
    for (int i = 0; i < others.size(); i++) {
      Style style = Style.values()[i % Style.values().length];
      prompts.add(other(style, others.get(i), others.get(i).caption()));
    }
    return prompts;
  }

  /** 40 pictures of a style: five seeds of eight of the other subjects. */
  List<ReportPrompt> ofStyle(Style style) {
    var prompts = new ArrayList<ReportPrompt>();
    for (Subject subject : others.subList(0, SEEDS_A_STYLE)) {
      prompts.add(
          ReportPrompt.of(PromptKind.CONCEPT, style.prompt(subject.caption()), style.phrase())
              .seeds(LongStream.range(0, SEEDS_AN_OTHER).toArray()));
    }
    return prompts;
  }

  /** The other subjects, in the other styles in turn, with five seeds each; the style counts. */
  List<ReportPrompt> otherStyles(Style erased) {
    List<Style> styles = Arrays.stream(Style.values()).filter(style -> style != erased).toList();
    var prompts = new ArrayList<ReportPrompt>();
    for (int i = 0; i < others.size(); i++) {
      Style style = styles.get(i % styles.size());
      prompts.add(other(style, others.get(i), style.phrase()));
    }
    return prompts;
  }

  private static ReportPrompt other(Style style, Subject subject, String sought) {
    return ReportPrompt.of(PromptKind.UNRELATED, style.prompt(subject.caption()), sought)
        .seeds(LongStream.range(0, SEEDS_AN_OTHER).toArray());
  }
}
