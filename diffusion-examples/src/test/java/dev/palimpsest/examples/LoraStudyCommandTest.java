package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.image.Pictures;
import dev.palimpsest.lora.Lora;
import dev.palimpsest.lora.TriggerWord;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoraStudyCommandTest {
  @TempDir Path folder = Path.of("");

  @Test
  void threeSubjectsAreTaughtAndScored() throws IOException {
    Cli study = Cli.run(with("--known", 2, "--panel", 1, "--steps", 1));
    assertEquals(0, study.code(), study::err);
    assertTrue(study.out().contains("jack-o-lantern"), study::out);
    assertTrue(study.out().contains("other prompts, with it:"), study::out);
    Lora lora = Lora.read(folder.resolve("three-subjects.safetensors"));
    assertEquals(
        List.of("vj9", "xk4", "zq7"),
        lora.triggers().stream().map(TriggerWord::word).sorted().toList());
    assertEquals("10", lora.metadata().get("ss_num_reg_images"));
    BufferedImage sheet = Pictures.read(folder.resolve("three-subjects.png"));
    assertTrue(sheet.getWidth() >= 10 * 64 && sheet.getHeight() >= 3 * 64);
  }

  @Test
  void moreSubjectsThanThereAreAreRefused() {
    Cli refused = Cli.run(with("--known", 500));
    assertEquals(2, refused.code());
    assertTrue(refused.err().contains("--known 500 must be >= 1, together at most"), refused::err);
  }

  private Object[] with(Object... more) {
    var all = new ArrayList<Object>(List.of("lora-study", "--data", "data/emoji64"));
    all.addAll(List.of("--seeds", 1, "--panel-seeds", 1, "--batch", 1, "--out", folder));
    all.addAll(List.of(more));
    return all.toArray();
  }
}
