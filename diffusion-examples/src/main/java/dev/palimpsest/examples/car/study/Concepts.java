package dev.palimpsest.examples.car.study;

import dev.palimpsest.esd.report.PromptKind;
import dev.palimpsest.esd.report.ReportPrompt;
import dev.palimpsest.examples.car.CarCaption;
import dev.palimpsest.examples.car.CarScene;
import dev.palimpsest.examples.car.Make;
import dev.palimpsest.examples.car.RenderSets;
import dev.palimpsest.examples.emoji.Emoji64;
import dev.palimpsest.examples.emoji.Panel;
import dev.palimpsest.examples.emoji.Style;
import dev.palimpsest.examples.emoji.Subject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * What is erased, what is to be preserved, and the prompts by which both are measured; the latter
 * are none of those that an erasure is told.
 */
final class Concepts {
  /** What {@link CarScorer} looks for in pictures of sedans of no make. */
  static final String CAR = "car";

  private static final List<Style> ERASED_STYLES = List.of(Style.FLAT, Style.LINES);
  private static final String AUTOMOBILE = Style.RENDER.prompt("automobile");
  private static final String TREE = Style.RENDER.prompt("deciduous tree");
  private static final long TOLD = 100;
  private static final long MEASURED = 200;
  private static final long SEED = 2;

  private final Emoji64 emoji;
  private final StudyPlan plan;

  Concepts(Emoji64 emoji, StudyPlan plan) {
    this.emoji = emoji;
    this.plan = plan;
  }

  /** The makes that are erased. */
  static List<Make> makes() {
    return Arrays.stream(Make.values()).filter(make -> make != RenderSets.CAR).toList();
  }

  /** The styles that stay. */
  static List<Style> keptStyles() {
    return Arrays.stream(Style.values()).filter(style -> !ERASED_STYLES.contains(style)).toList();
  }

  /** All subjects that the starter knows in the study's order. */
  static List<Subject> order(Emoji64 emoji) {
    return Panel.chosen(emoji, emoji.shown().size(), SEED, 1).subjects();
  }

  /** A caption with the class only. */
  static String general(String caption, String make) {
    return caption.replace(make + " ", "");
  }

  /** Captions of sedans of a make, forms and values in turn. */
  private static List<String> captions(Make make, int count, long seed) {
    var captions = new ArrayList<String>();
    for (CarScene scene : RenderSets.scenes(make, count, seed)) {
      CarCaption form = CarCaption.values()[captions.size() % CarCaption.values().length];
      captions.add(form.of(scene));
    }
    return captions;
  }

  /**
   * What the erasure is told to draw as something else. What a picture must have is replaced in its
   * kind: a style, in prompts of subjects that are not scored, by the 3D render, and a make by a
   * drawn automobile. Rallies become a tree.
   */
  Map<String, String> replaced() {
    var targets = new LinkedHashMap<String, String>();
    for (Make make : makes()) {
      targets.put(make.words() + " sedan", AUTOMOBILE);
      captions(make, plan.erase().captions(), TOLD).forEach(text -> targets.put(text, AUTOMOBILE));
    }
    RallyPrompts.told(plan.erase().captions()).forEach(text -> targets.put(text, TREE));
    for (Subject subject : others().subList(0, plan.erase().replaced())) {
      String target = Style.RENDER.prompt(subject.caption());
      ERASED_STYLES.forEach(style -> targets.put(style.prompt(subject.caption()), target));
    }
    return targets;
  }

  /** What the erasure is told to preserve: sedans of no make, and subjects that are not scored. */
  List<String> preserved() {
    return others(5, plan.erase().preserved());
  }

  /** What the erasure's change is confined by: as {@link #preserved}, and many more. */
  List<String> held() {
    int cars = plan.erase().held() / 2;
    return others(cars, plan.erase().held() - cars);
  }

  private List<String> others(int cars, int subjects) {
    var prompts = new ArrayList<String>();
    prompts.add("sedan");
    for (String caption : captions(RenderSets.CAR, cars, TOLD + 1)) {
      prompts.add(general(caption, RenderSets.CAR.words()));
    }
    List<Subject> others = others();
    for (int i = 0; i < subjects; i++) {
      Style style = keptStyles().get(i % keptStyles().size());
      prompts.add(style.prompt(others.get(i).caption()));
    }
    return List.copyOf(prompts);
  }

  /** Subjects whose pictures the LoRA's training shows too. */
  List<Subject> known() {
    int from = plan.erase().preserved();
    return others().subList(from, from + plan.lora().known());
  }

  private List<Subject> others() {
    return order(emoji).subList(plan.pictures().subjects(), emoji.shown().size());
  }

  private List<Subject> kept() {
    return order(emoji).subList(0, plan.pictures().subjects());
  }

  /**
   * Prompts of all concepts. Subjects are makes, phrases of styles, {@link Question#RALLY}; {@link
   * #CAR} and prompts of emoji should stay.
   *
   * @param share one seed out of so many, at least one
   */
  List<ReportPrompt> prompts(int share) {
    int seeds = Math.max(1, plan.pictures().seeds() / share);
    int count = Math.min(5, plan.pictures().values());
    var prompts = new ArrayList<ReportPrompt>();
    for (Make make : makes()) {
      captions(make, count, MEASURED)
          .forEach(text -> prompts.add(concept(text, make.words(), seeds)));
    }
    for (Style style : ERASED_STYLES) {
      for (Subject subject : kept().subList(0, Math.min(count, kept().size()))) {
        prompts.add(concept(style.prompt(subject.caption()), style.phrase(), seeds));
      }
    }
    RallyPrompts.measured(count).forEach(text -> prompts.add(concept(text, "rally", seeds)));
    for (String caption : captions(RenderSets.CAR, plan.pictures().values(), MEASURED + 1)) {
      String text = general(caption, RenderSets.CAR.words());
      prompts.add(prompt(PromptKind.UNRELATED, text, CAR, seeds));
    }
    for (Subject subject : kept()) {
      for (Style style : keptStyles()) {
        String text = style.prompt(subject.caption());
        prompts.add(prompt(PromptKind.UNRELATED, text, text, seeds));
      }
    }
    return prompts;
  }

  private static ReportPrompt concept(String text, String subject, int seeds) {
    return prompt(PromptKind.CONCEPT, text, subject, seeds);
  }

  private static ReportPrompt prompt(PromptKind kind, String text, String subject, int seeds) {
    return ReportPrompt.of(kind, text, subject).seeds(LongStream.range(0, seeds).toArray());
  }
}
