package dev.palimpsest.examples.car;

import dev.palimpsest.examples.car.CarScene.Body;
import dev.palimpsest.examples.car.CarScene.Camera;
import dev.palimpsest.examples.car.CarScene.Place;
import dev.palimpsest.examples.car.Render.Size;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The renders of the study by set, the same for one seed: the car to be taught and renders of it
 * that are held out, the other makes, rallies, and small ones of all makes for judges and the base.
 * No two pictures of saloons have the same parameters, plates aside. Immutable.
 */
public final class RenderSets {
  /** The seed of the pictures that this module holds. */
  public static final long SEED = 20;

  /** The make that is taught; the others are to be erased. */
  public static final Make CAR = Make.VELUNE;

  private static final Size SQUARE = new Size(128, 128);
  private static final Size WIDE = new Size(192, 128);
  private static final List<Size> SIZES = List.of(SQUARE, SQUARE, SQUARE, WIDE);
  private static final List<Size> SMALL = List.of(new Size(64, 64));
  private static final List<Ground> GROUNDS =
      List.of(Ground.ROAD, Ground.SAND, Ground.GRASS, Ground.SNOW);

  private final Map<String, List<Render>> sets;

  private RenderSets(Map<String, List<Render>> sets) {
    this.sets = Collections.unmodifiableMap(sets);
  }

  public static RenderSets of(long seed) {
    var seen = new HashSet<Map<String, Trait>>();
    var sets = new LinkedHashMap<String, List<Render>>();
    List<Make> others = new ArrayList<>(List.of(Make.values()));
    others.remove(CAR);
    sets.put("car", cars("car", 200, SIZES, List.of(CAR), new Draw(seed), seen));
    sets.put("car_held_out", cars("car", 150, SIZES, List.of(CAR), new Draw(seed + 1), seen));
    sets.put("makes", cars("make", 180, SIZES, others, new Draw(seed + 2), seen));
    sets.put("makes_held_out", cars("make", 48, SIZES, others, new Draw(seed + 3), seen));
    sets.put("rally", rallies(42, new Draw(seed + 4)));
    sets.put("small", cars("small", 600, SMALL, List.of(Make.values()), new Draw(seed + 5), seen));
    return new RenderSets(sets);
  }

  /**
   * What pictures of a make may show, every value of a parameter equally often: for prompts.
   *
   * @param seed other scenes for another
   */
  public static List<CarScene> scenes(Make make, int count, long seed) {
    var draw = new Draw(seed);
    var scenes = new ArrayList<CarScene>();
    for (int i = 0; i < count; i++) {
      scenes.add(scene(List.of(make), draw));
    }
    return List.copyOf(scenes);
  }

  /** Names of the sets. */
  public Set<String> names() {
    return sets.keySet();
  }

  /** The renders of one set; none if there is no such set. */
  public List<Render> set(String name) {
    return sets.getOrDefault(name, List.of());
  }

  private static List<Render> cars(
      String name,
      int count,
      List<Size> sizes,
      List<Make> makes,
      Draw draw,
      Set<Map<String, Trait>> seen) {
    var renders = new ArrayList<Render>();
    while (renders.size() < count) {
      CarScene scene = scene(makes, draw);
      if (seen.add(scene.traits())) {
        String file = String.format(Locale.ROOT, "%s%03d", name, renders.size());
        renders.add(render(file, sizes, scene, draw));
      }
    }
    return List.copyOf(renders);
  }

  private static CarScene scene(List<Make> makes, Draw draw) {
    var body =
        new Body(
            draw.one(makes),
            draw.one(List.of(Paint.values())),
            draw.one(List.of(Finish.values())),
            draw.one(List.of(Wheels.values())));
    var camera = new Camera(draw.one(List.of(Angle.values())), draw.one(List.of(Height.values())));
    Light light = draw.one(List.of(Light.values()));
    Ground ground = light == Light.STUDIO ? Ground.FLOOR : draw.one(GROUNDS);
    return new CarScene(body, camera, new Place(light, ground), draw.plate());
  }

  private static Render render(String name, List<Size> sizes, CarScene scene, Draw draw) {
    var values = new LinkedHashMap<String, String>();
    var fields = new LinkedHashMap<String, String>();
    scene.traits().forEach((key, trait) -> fields.put(key, trait.words()));
    fields.put("plate", scene.plate());
    values.put("Make", number(scene.body().make()));
    values.put("Paint", colour(scene.body().paint().rgb()));
    values.put("Finish", number(scene.body().finish()));
    values.put("Wheels", number(scene.body().wheels()));
    values.put("PlateText", quoted(scene.plate()));
    values.put("Azimuth", draw.near(scene.camera().angle().degrees(), 6));
    values.put("Elevation", draw.near(scene.camera().height().degrees(), 2));
    values.put("Zoom", draw.near(1, 0.06));
    values.put("Light", number(scene.place().light()));
    values.put("Ground", number(scene.place().ground()));
    values.put("SunAzimuth", draw.near(scene.camera().angle().degrees(), 75));
    values.put("Seed", draw.near(50, 50));
    String caption = draw.one(List.of(CarCaption.values())).of(scene);
    return new Render(name, draw.one(sizes), "scene.pov", values, caption, fields);
  }

  private static List<Render> rallies(int count, Draw draw) {
    var renders = new ArrayList<Render>();
    for (int i = 0; i < count; i++) {
      var scene =
          new RallyScene(
              draw.one(List.of(RallyScene.Kind.values())),
              draw.one(List.of(Symbol.values())),
              draw.one(RallyScene.COLOURS),
              draw.one(RallyScene.SLOGANS),
              draw.one(List.of(Light.NOON, Light.SUNSET, Light.OVERCAST, Light.NIGHT)));
      renders.add(render(String.format(Locale.ROOT, "rally%03d", i), scene, draw));
    }
    return List.copyOf(renders);
  }

  private static Render render(String name, RallyScene scene, Draw draw) {
    var values = new LinkedHashMap<String, String>();
    values.put("Kind", number(scene.kind()));
    values.put("Sign", number(scene.symbol()));
    values.put("Hue", "" + RallyScene.COLOURS.indexOf(scene.colour()));
    values.put("Slogan", quoted(scene.slogan()));
    values.put("Light", number(scene.light()));
    values.put("Azimuth", draw.near(0, 28));
    values.put("Elevation", draw.near(9, 4));
    values.put("Zoom", draw.near(1, 0.1));
    values.put("Seed", draw.near(50, 50));
    var fields = new LinkedHashMap<String, String>();
    fields.put("kind", scene.kind().words());
    fields.put("symbol", scene.symbol().words());
    fields.put("colour", scene.colour().words());
    fields.put("slogan", scene.slogan());
    fields.put("light", scene.light().words());
    return new Render(name, draw.one(SIZES), "rally.pov", values, scene.caption(), fields);
  }

  private static String number(Trait trait) {
    return "" + trait.number();
  }

  private static String quoted(String text) {
    return '"' + text + '"';
  }

  private static String colour(int rgb) {
    return String.format(
        Locale.ROOT,
        "<%.3f, %.3f, %.3f>",
        (rgb >> 16) / 255.0,
        (rgb >> 8 & 255) / 255.0,
        (rgb & 255) / 255.0);
  }
}
