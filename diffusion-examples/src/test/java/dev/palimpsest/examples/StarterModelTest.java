package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StarterModelTest {
  @Test
  void liesInAPrivateFolderUntilClosed() throws IOException {
    Path folder;
    try (StarterModel starter = StarterModel.open()) {
      folder = starter.folder().path();
      assertEquals("StableDiffusionPipeline", starter.checkpoint().className());
      assertEquals(6_677_771, starter.checkpoint().parameters());
      PosixFileAttributeView view =
          Files.getFileAttributeView(folder, PosixFileAttributeView.class);
      if (view != null) {
        assertEquals(
            "rwx------", PosixFilePermissions.toString(view.readAttributes().permissions()));
      }
    }
    assertFalse(Files.exists(folder));
  }

  @Test
  void knowsWhatItWasShown() {
    assertEquals(503, StarterModel.subjects().size());
    assertTrue(StarterModel.subjects().containsAll(List.of("fire engine", "red apple", "tulip")));
    assertEquals(5, StarterModel.styles().size());
    assertEquals(Set.of(), StarterModel.unknownWords("An A line drawing of a Fire Engine!"));
    assertEquals(
        List.of("ferrari", "2024"),
        List.copyOf(StarterModel.unknownWords("a ferrari car, 2024, red ferrari")));
    assertEquals(Set.of(), StarterModel.unknownWords(""));
  }

  @ParameterizedTest
  @ValueSource(strings = {"starter/MODEL_CARD.md", "starter/DATA.md", "starter/NOTICE"})
  void itsPapersAreBesideIt(String name) {
    assertNotNull(StarterModel.class.getResource(name));
  }
}
