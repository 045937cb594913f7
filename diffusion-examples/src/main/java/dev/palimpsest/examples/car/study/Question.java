package dev.palimpsest.examples.car.study;

import com.google.common.collect.ImmutableList;
import dev.palimpsest.examples.car.Angle;
import dev.palimpsest.examples.car.Finish;
import dev.palimpsest.examples.car.Ground;
import dev.palimpsest.examples.car.Height;
import dev.palimpsest.examples.car.Light;
import dev.palimpsest.examples.car.Make;
import dev.palimpsest.examples.car.Paint;
import dev.palimpsest.examples.car.Trait;
import dev.palimpsest.examples.car.Wheels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What judges are asked about a picture, and the answers that there are. */
enum Question {
  /** The make; or that it is a rally, or neither. */
  MAKE(Make.values(), "rally", "other"),
  PAINT(Paint.values()),
  FINISH(Finish.values()),
  WHEELS(Wheels.values()),
  ANGLE(Angle.values()),
  HEIGHT(Height.values()),
  LIGHT(Light.values()),
  GROUND(Ground.values());

  /** The answers to {@link #MAKE} of pictures without a saloon. */
  static final String RALLY = "rally";

  static final String OTHER = "other";

  private final ImmutableList<String> answers;

  Question(Trait[] traits, String... others) {
    var words = new ArrayList<>(Arrays.stream(traits).map(Trait::words).toList());
    words.addAll(List.of(others));
    answers = ImmutableList.copyOf(words);
  }

  List<String> answers() {
    return answers;
  }

  /** The parameter's name in captions and {@code metadata.jsonl}. */
  String parameter() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The answers to a picture whose left and right are exchanged. */
  static Map<String, String> mirrored(Map<String, String> answers) {
    var mirrored = new TreeMap<>(answers);
    mirrored.computeIfPresent(
        ANGLE.parameter(),
        (name, words) -> Angle.values()[ANGLE.answers.indexOf(words)].mirrored().words());
    return mirrored;
  }

  /** Those that the network answers: all but the paint. */
  static List<Question> ofNetwork() {
    return Arrays.stream(values()).filter(question -> question != PAINT).toList();
  }
}
