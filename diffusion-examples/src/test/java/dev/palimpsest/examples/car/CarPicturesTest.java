package dev.palimpsest.examples.car;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.palimpsest.lora.ImageFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The pictures that the module holds are those that the sets describe. */
class CarPicturesTest {
  private static final Path DATA = Path.of("data", "car128");

  @ParameterizedTest
  @ValueSource(strings = {"car", "car_held_out", "makes", "makes_held_out", "rally", "small"})
  void picturesHaveTheirNamesSizesAndCaptions(String set) throws IOException {
    var described = new ArrayList<List<Object>>();
    for (Render render : RenderSets.of(RenderSets.SEED).set(set)) {
      Render.Size size = render.size();
      described.add(List.of(render.name() + ".jpg", size.width(), size.height(), render.caption()));
    }
    var found = new ArrayList<List<Object>>();
    for (ImageFolder.Picture picture : ImageFolder.of(DATA.resolve(set)).pictures()) {
      found.add(
          List.of(
              String.valueOf(picture.file().getFileName()),
              picture.width(),
              picture.height(),
              picture.caption()));
    }
    assertEquals(described, found);
  }
}
