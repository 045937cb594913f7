package dev.palimpsest.examples.car;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Forms of sentence that tell what a render shows. All but {@link #PLATE} name every parameter but
 * the plate; {@link #PLATE} names it in place of the wheels and the ground, as it is to fit into
 * the starter model's 30 tokens too. A studio's floor is not named.
 */
public enum CarCaption {
  CAR_FIRST("a {finish} {paint} {make} sedan with {wheels} {ground}, {light}, {angle}, {height}"),
  VIEW_FIRST("{angle} of a {finish} {paint} {make} sedan, {height}, {wheels}, {light} {ground}"),
  LIGHT_FIRST("{light}, {ground}: {finish} {paint} {make} sedan, {wheels}, {height}, {angle}"),
  LIST("{make} sedan, {paint} {finish}, {wheels}, {angle}, {height}, {light} {ground}"),
  PLATE("{finish} {paint} {make} sedan with number plate {plate}, {angle}, {height}, {light}");

  private final String form;

  CarCaption(String form) {
    this.form = form;
  }

  /** The caption of a scene. */
  public String of(CarScene scene) {
    var words = new LinkedHashMap<String, String>();
    scene.traits().forEach((name, trait) -> words.put(name, trait.words()));
    words.put("plate", scene.plate());
    return of(words);
  }

  /** The caption of words by parameter, as {@code metadata.jsonl} has them. */
  public String of(Map<String, String> words) {
    String text = form;
    for (Map.Entry<String, String> word : words.entrySet()) {
      String told = word.getValue().equals(Ground.FLOOR.words()) ? "" : word.getValue();
      text = text.replace("{" + word.getKey() + "}", told);
    }
    return text.replace(" ,", ",").replace(" :", ":").replace(",:", ":").strip();
  }

  private static String words(Trait trait) {
    return trait == Ground.FLOOR ? "" : trait.words();
  }

  /** The words of a scene's parameters that this form names. */
  public List<String> names(CarScene scene) {
    var names =
        scene.traits().entrySet().stream()
            .filter(trait -> form.contains("{" + trait.getKey() + "}"))
            .map(trait -> words(trait.getValue()))
            .filter(words -> !words.isEmpty())
            .collect(Collectors.toCollection(ArrayList::new));
    if (form.contains("{plate}")) {
      names.add(scene.plate());
    }
    return names;
  }
}
