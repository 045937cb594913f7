package dev.palimpsest.examples.car;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.examples.StarterModel;
import dev.palimpsest.examples.car.CarScene.Body;
import dev.palimpsest.examples.car.CarScene.Camera;
import dev.palimpsest.examples.car.CarScene.Place;
import dev.palimpsest.model.ClipTokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class CarCaptionTest {
  /** The starter model's 32 tokens less its two marks. */
  private static final int TOKENS = 30;

  private static final CarScene SCENE =
      new CarScene(
          new Body(Make.VELUNE, Paint.RED, Finish.METALLIC, Wheels.FAN),
          new Camera(Angle.LEFT_FRONT_THREE_QUARTER, Height.LOW),
          new Place(Light.SUNSET, Ground.SAND),
          "KA 27");

  @Test
  void sentences() {
    assertEquals(
        "a metallic red velune sedan with fan wheels on sand, at sunset,"
            + " left front three quarter view, low angle",
        CarCaption.CAR_FIRST.of(SCENE));
    assertEquals(
        "metallic red velune sedan with number plate KA 27,"
            + " left front three quarter view, low angle, at sunset",
        CarCaption.PLATE.of(SCENE));
  }

  @Test
  void theStudioHasNoGroundToName() {
    var studio =
        new CarScene(
            SCENE.body(), SCENE.camera(), new Place(Light.STUDIO, Ground.FLOOR), SCENE.plate());
    assertEquals(
        "studio: metallic red velune sedan, fan wheels, low angle, left front three quarter view",
        CarCaption.LIGHT_FIRST.of(studio));
    assertThrows(IllegalArgumentException.class, () -> new Place(Light.STUDIO, Ground.SNOW));
    assertThrows(IllegalArgumentException.class, () -> new Place(Light.NOON, Ground.FLOOR));
  }

  @Test
  void aPlateHasTwoLettersAndTwoDigits() {
    var e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new CarScene(SCENE.body(), SCENE.camera(), SCENE.place(), "K 7"));
    assertEquals("plate must be like KA 27, was 'K 7'", e.getMessage());
  }

  @Test
  void moreThanThirtyTriggerWordsAllDifferent() {
    var words = new ArrayList<String>();
    for (Trait[] traits : values()) {
      for (Trait trait : traits) {
        words.add(trait.words());
      }
    }
    assertEquals(44, words.size());
    assertEquals(words.size(), new HashSet<>(words).size());
  }

  private static List<Trait[]> values() {
    return List.of(
        Make.values(),
        Paint.values(),
        Finish.values(),
        Wheels.values(),
        Angle.values(),
        Height.values(),
        Light.values(),
        Ground.values());
  }

  @Property
  void everyNamedParameterIsInTheCaption(@ForAll("scenes") CarScene scene) {
    for (CarCaption form : CarCaption.values()) {
      String caption = form.of(scene);
      int named = form == CarCaption.PLATE ? 7 : scene.place().light() == Light.STUDIO ? 7 : 8;
      assertEquals(named, form.names(scene).size(), caption);
      for (String words : form.names(scene)) {
        assertTrue(caption.contains(words), () -> caption + " lacks " + words);
      }
      assertFalse(caption.matches(".*([{}]|  | ,| :|,,|,$).*"), caption);
    }
  }

  @Provide
  Arbitrary<CarScene> scenes() {
    var body =
        Combinators.combine(
                Arbitraries.of(Make.class),
                Arbitraries.of(Paint.class),
                Arbitraries.of(Finish.class),
                Arbitraries.of(Wheels.class))
            .as(Body::new);
    var camera =
        Combinators.combine(Arbitraries.of(Angle.class), Arbitraries.of(Height.class))
            .as(Camera::new);
    var place =
        Combinators.combine(
                Arbitraries.of(Light.class),
                Arbitraries.of(Ground.ROAD, Ground.SAND, Ground.GRASS, Ground.SNOW))
            .as((light, ground) -> new Place(light, light == Light.STUDIO ? Ground.FLOOR : ground));
    var plate = Arbitraries.strings().withCharRange('A', 'Z').ofLength(2).map(s -> s + " 49");
    return Combinators.combine(body, camera, place, plate).as(CarScene::new);
  }

  /** Pieces of words add up, so the scene of the longest values has the longest captions. */
  @Test
  void captionsFitTheStarterModel() throws IOException {
    ClipTokenizer tokenizer = tokenizer();
    var place = new Place(Light.OVERCAST, longest(tokenizer, Ground.values()));
    assertEquals(Light.OVERCAST, longest(tokenizer, Light.values()));
    var scene =
        new CarScene(
            new Body(
                longest(tokenizer, Make.values()),
                longest(tokenizer, Paint.values()),
                longest(tokenizer, Finish.values()),
                longest(tokenizer, Wheels.values())),
            new Camera(longest(tokenizer, Angle.values()), longest(tokenizer, Height.values())),
            place,
            "QX 99");
    for (CarCaption form : CarCaption.values()) {
      int pieces = tokenizer.pieces(form.of(scene));
      assertTrue(pieces <= TOKENS, () -> pieces + " pieces: " + form.of(scene));
    }
  }

  private static <T extends Trait> T longest(ClipTokenizer tokenizer, T[] traits) {
    return Arrays.stream(traits)
        .max(Comparator.comparingInt(trait -> tokenizer.pieces(trait.words())))
        .orElseThrow();
  }

  @Test
  void captionsComeBackFromTheStartersTokens() throws IOException {
    ClipTokenizer tokenizer = tokenizer();
    RenderSets sets = RenderSets.of(RenderSets.SEED);
    for (String name : sets.names()) {
      for (Render render : sets.set(name)) {
        String caption = render.caption();
        assertEquals(
            caption.toLowerCase(Locale.ROOT).replaceAll("[^a-z]", ""),
            tokenizer.decode(tokenizer.encode(caption)).replaceAll("<.*?>|[^a-z]", ""));
      }
    }
  }

  private static ClipTokenizer tokenizer() throws IOException {
    try (StarterModel starter = StarterModel.open()) {
      return ClipTokenizer.read(starter.checkpoint().folder("tokenizer"));
    }
  }
}
