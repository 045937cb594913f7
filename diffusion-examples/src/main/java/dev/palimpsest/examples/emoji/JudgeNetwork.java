package dev.palimpsest.examples.emoji;

import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A classifier of pictures: five sizes from 64×64 to 4×4, each a convolution that shrinks and a
 * residual one, then a layer over all places and one for each question. An example of a network
 * written by a user of the library.
 */
public final class JudgeNetwork {
  /** float32 [batch, 3, 64, 64] in [-1, 1]. */
  public static final String PICTURES = "pictures";

  /** float32 [batch, subjects], logits. */
  static final String SUBJECT = "subject";

  /** float32 [batch, styles], logits. */
  static final String STYLE = "style";

  /** Of the judge of the emoji. */
  private static final int[] WIDTHS = {24, 48, 96, 192, 256};

  /** How many features a picture has. */
  public static final int FEATURES = 256;

  private static final int GROUPS = 8;

  private JudgeNetwork() {}

  static Graph graph(int subjects) {
    Value features = features(WIDTHS);
    Map<String, Value> outputs = new LinkedHashMap<>();
    outputs.put(SUBJECT, answers(SUBJECT, features, subjects));
    outputs.put(STYLE, answers(STYLE, features, Style.values().length));
    return Graph.of("judge", outputs);
  }

  /**
   * What the questions are answered from: float32 [batch, {@value #FEATURES}].
   *
   * @param widths channels of the five sizes, multiples of 8
   */
  public static Value features(int... widths) {
    Value x = Value.input(PICTURES, DType.FLOAT32, Dims.parse("batch", 3, 64, 64));
    x = conv("stem", x, widths[0], 1);
    for (int i = 1; i < widths.length; i++) {
      x = conv("down." + i, active("norm_down." + i, x), widths[i], 2);
      x = x.add(conv("res." + i, active("norm_res." + i, x), widths[i], 1));
    }
    Value places = active("norm_out", x).reshape(0, x.dim(1).size() * 4 * 4);
    return linear("features", places, FEATURES).silu();
  }

  /** A question's answers: logits, float32 [batch, count]. */
  public static Value answers(String question, Value features, int count) {
    return linear(question, features, count);
  }

  private static Value conv(String name, Value x, int channels, int stride) {
    return x.conv(
        parameter(name + ".weight", channels, x.dim(1).size(), 3, 3),
        parameter(name + ".bias", channels),
        stride,
        1);
  }

  private static Value active(String name, Value x) {
    long channels = x.dim(1).size();
    Value weight = parameter(name + ".weight", channels);
    return x.groupNorm(GROUPS, weight, parameter(name + ".bias", channels), 1e-5f).silu();
  }

  private static Value linear(String name, Value x, int out) {
    return x.linear(
        parameter(name + ".weight", out, x.dim(1).size()), parameter(name + ".bias", out));
  }

  private static Value parameter(String name, long... sizes) {
    return Value.parameter(name, DType.FLOAT32, Shape.of(sizes));
  }
}
