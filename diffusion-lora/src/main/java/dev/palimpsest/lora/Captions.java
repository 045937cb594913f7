package dev.palimpsest.lora;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.base.Splitter;
import dev.palimpsest.training.SeededStream;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What becomes of a caption each time it is shown. A caption is tags between commas, or one
 * sentence. The tags that hold trigger words come first and stay whatever is dropped. A caption
 * that holds none of the words gets all of them in front.
 *
 * @param triggers in the order in which they stand
 * @param shuffled whether the other tags are shown in random order
 * @param tagDropout how often each of the other tags is left out
 * @param dropout how often all of them are left out
 */
record Captions(List<TriggerWord> triggers, boolean shuffled, double tagDropout, double dropout) {
  static final Captions PLAIN = new Captions(List.of(), false, 0, 0);

  Captions {
    triggers = List.copyOf(triggers);
    checkProbability("tagDropout", tagDropout);
    checkProbability("captionDropout", dropout);
  }

  private static void checkProbability(String name, double value) {
    checkArgument(0 <= value && value <= 1, "%s must be in [0, 1], was %s", name, value);
  }

  Captions with(List<TriggerWord> words) {
    return new Captions(words, shuffled, tagDropout, dropout);
  }

  static List<String> tags(String caption) {
    return Splitter.on(',').trimResults().omitEmptyStrings().splitToList(caption);
  }

  /** The caption with its trigger words in front, nothing left out. */
  String whole(String caption) {
    List<String> tags = front(caption);
    tags.addAll(rest(caption));
    return String.join(", ", tags);
  }

  /** The caption as it is shown this time. */
  String shown(String caption, SeededStream random) {
    List<String> tags = front(caption);
    if (!random.chance(dropout)) {
      List<String> rest = rest(caption);
      int[] order = shuffled ? random.permutation(rest.size()) : new int[0];
      for (int i = 0; i < rest.size(); i++) {
        if (!random.chance(tagDropout)) {
          tags.add(rest.get(shuffled ? order[i] : i));
        }
      }
    }
    return String.join(", ", tags);
  }

  private List<String> front(String caption) {
    List<String> tags = tags(caption);
    List<String> front = new ArrayList<>();
    for (TriggerWord trigger : triggers) {
      if (front.stream().noneMatch(trigger::isIn)) {
        tags.stream().filter(trigger::isIn).findFirst().ifPresent(front::add);
      }
    }
    if (front.isEmpty()) {
      triggers.forEach(trigger -> front.add(trigger.phrase()));
    }
    return front;
  }

  private List<String> rest(String caption) {
    return tags(caption).stream()
        .filter(tag -> triggers.stream().noneMatch(trigger -> trigger.isIn(tag)))
        .collect(Collectors.toList());
  }
}
