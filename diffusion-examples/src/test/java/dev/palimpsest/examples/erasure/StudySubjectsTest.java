package dev.palimpsest.examples.erasure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.esd.report.PromptKind;
import dev.palimpsest.esd.report.ReportPrompt;
import dev.palimpsest.examples.emoji.Emoji64;
import dev.palimpsest.examples.emoji.Style;
import dev.palimpsest.examples.emoji.Subject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class StudySubjectsTest {
  private static Emoji64 emoji() throws IOException {
    return Emoji64.read(Path.of("data", "emoji64"));
  }

  @Test
  void noSubjectIsErasedWatchedTunedOnOrPreservedTwice() throws IOException {
    StudySubjects study = StudySubjects.of(emoji());
    StudySubjects tuning = StudySubjects.tuning(emoji());
    assertEquals(12, study.erased().size());
    assertEquals(24, study.others().size());
    assertEquals(4, tuning.erased().size());
    assertEquals(study.lessons(), tuning.lessons());
    var all = new ArrayList<Subject>();
    List.of(study.erased(), study.others(), tuning.erased(), tuning.others(), study.lessons())
        .forEach(all::addAll);
    assertEquals(all.size(), new HashSet<>(all).size());
    assertTrue(all.stream().noneMatch(subject -> subject.group().equals(Emoji64.HELD_OUT)));
  }

  @Test
  void eachErasureIsScoredWith40PicturesAnd120OfOthers() throws IOException {
    StudySubjects study = StudySubjects.of(emoji());
    StudyTrial subject = StudyTrial.subject(study, study.erased().get(0));
    assertEquals(40, pictures(subject.prompts(), PromptKind.CONCEPT));
    assertEquals(120, pictures(subject.prompts(), PromptKind.UNRELATED));
    assertEquals(5, subject.wish().concepts().size());
    for (Style style : Style.values()) {
      StudyTrial trial = StudyTrial.style(study, style);
      assertEquals(40, pictures(trial.prompts(), PromptKind.CONCEPT));
      assertEquals(120, pictures(trial.prompts(), PromptKind.UNRELATED));
      assertTrue(
          trial.wish().preserved().stream().noneMatch(text -> text.startsWith(style.phrase())));
    }
    StudyTrial together = StudyTrial.together(study, 5);
    assertEquals(200, pictures(together.prompts(), PromptKind.CONCEPT));
    assertEquals(25, together.wish().concepts().size());
  }

  @Test
  void whatIsPreservedIsNeverScored() throws IOException {
    StudySubjects study = StudySubjects.of(emoji());
    StudyTrial trial = StudyTrial.together(study, 5);
    assertEquals(439, trial.wish().preserved().size());
    assertTrue(
        trial.prompts().stream()
            .noneMatch(prompt -> trial.wish().preserved().contains(prompt.text())));
  }

  private static int pictures(Collection<ReportPrompt> prompts, PromptKind kind) {
    return prompts.stream()
        .filter(prompt -> prompt.kind() == kind)
        .mapToInt(prompt -> prompt.seeds().size())
        .sum();
  }
}
