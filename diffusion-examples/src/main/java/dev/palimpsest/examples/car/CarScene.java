package dev.palimpsest.examples.car;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What a render of a saloon shows. Immutable.
 *
 * @param plate two letters, a space, two digits
 */
public record CarScene(Body body, Camera camera, Place place, String plate) {
  private static final Pattern PLATE = Pattern.compile("[A-Z]{2} [0-9]{2}");

  /** The car itself. */
  public record Body(Make make, Paint paint, Finish finish, Wheels wheels) {}

  /** Where it is seen from. */
  public record Camera(Angle angle, Height height) {}

  /** Where it stands. The studio has its floor, and nothing else has. */
  public record Place(Light light, Ground ground) {
    public Place {
      checkArgument(
          (light == Light.STUDIO) == (ground == Ground.FLOOR), "%s has no %s", light, ground);
    }
  }

  public CarScene {
    checkArgument(PLATE.matcher(plate).matches(), "plate must be like KA 27, was '%s'", plate);
  }

  /** The parameters by name, as the fields of {@code metadata.jsonl}. */
  public Map<String, Trait> traits() {
    var traits = new LinkedHashMap<String, Trait>();
    traits.put("make", body.make);
    traits.put("paint", body.paint);
    traits.put("finish", body.finish);
    traits.put("wheels", body.wheels);
    traits.put("angle", camera.angle);
    traits.put("height", camera.height);
    traits.put("light", place.light);
    traits.put("ground", place.ground);
    return traits;
  }
}
