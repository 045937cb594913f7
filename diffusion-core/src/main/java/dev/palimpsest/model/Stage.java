package dev.palimpsest.model;

import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.GroupNormalization;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * One of the parts that an autoencoder's half is made of, one after the other. Where it is {@link
 * #local}, a pixel of its output depends on the pixels of its input that are at most {@link #REACH}
 * away and on the means and variances of its group normalisations, so that it can be run in tiles
 * once these are known: they are found one after the other, each by running the stage up to that
 * normalisation. Immutable.
 *
 * @param name for messages
 * @param inChannels of its input
 * @param up how many pixels of the output a pixel of the input is wide and high
 * @param down how many pixels of the input a pixel of the output is wide and high
 * @param local whether far pixels act through normalisations only
 * @param network from [batch, inChannels, height, width]
 */
public record Stage(
    String name, int inChannels, int up, int down, boolean local, UnaryOperator<Value> network) {
  /** Pixels of the input; a multiple of every stage's {@link #down}. */
  public static final int REACH = 4;

  public static final String INPUT = "x";
  public static final String OUTPUT = "y";

  /** float32 [1, 1, height, width], 1 where pixels count for the statistics, 0 elsewhere. */
  public static final String MASK = "mask";

  public static final String MEAN = "mean";
  public static final String VARIANCE = "variance";

  static Stage of(String name, int inChannels, UnaryOperator<Value> network) {
    return new Stage(name, inChannels, 1, 1, true, network);
  }

  Stage enlarging() {
    return new Stage(name, inChannels, 2, down, local, network);
  }

  Stage shrinking() {
    return new Stage(name, inChannels, up, 2, local, network);
  }

  /** A stage in which every pixel sees every other. */
  Stage global() {
    return new Stage(name, inChannels, up, down, false, network);
  }

  /** The stage as it is: {@value #INPUT} to {@value #OUTPUT}. */
  public Graph graph() {
    return Graph.of(name, OUTPUT, network.apply(input()));
  }

  /**
   * The stage with given statistics: {@value #INPUT} and {@value #MEAN}0, {@value #VARIANCE}0,
   * {@value #MEAN}1 and so on, float32 [1, groups, 1], to {@value #OUTPUT}.
   */
  public Graph withGivenStatistics() {
    return opened(new ArrayList<>());
  }

  /**
   * For each of the stage's normalisations the graph that gives {@value #MEAN} and {@value
   * #VARIANCE} of what it normalises, float32 [1, groups, 1, 1], where {@value #MASK} is 1; from
   * {@value #INPUT} and the statistics of the normalisations before.
   */
  public List<Graph> statistics() {
    var norms = new ArrayList<GroupNormalization>();
    opened(norms);
    var graphs = new ArrayList<Graph>();
    for (GroupNormalization norm : norms) {
      graphs.add(statistics(norm));
    }
    return graphs;
  }

  private Value input() {
    return Value.input(INPUT, DType.FLOAT32, Dims.parse("batch", inChannels, "height", "width"));
  }

  private Graph opened(List<GroupNormalization> norms) {
    return graph()
        .replaceNormalizations(
            norm -> {
              int index = norms.size();
              norms.add(norm);
              Value deviation = given(VARIANCE + index, norm).add(norm.epsilon()).sqrt();
              return norm.flat().sub(given(MEAN + index, norm)).div(deviation);
            });
  }

  private static Value given(String name, GroupNormalization norm) {
    return Value.input(name, DType.FLOAT32, Dims.of(1, norm.groups(), 1));
  }

  private Graph statistics(GroupNormalization norm) {
    Value x = norm.input();
    Value mask = Value.input(MASK, DType.FLOAT32, Dims.parse(1, 1, "height", "width"));
    Value counted = x.dim(2).equals(mask.dim(2)) ? mask : mask.resizeNearest(up);
    long channels = x.dim(1).size() / norm.groups();
    Value values = x.reshape(0, norm.groups(), channels, -1);
    Value pixels = counted.reshape(1, 1, 1, -1);
    Value count = pixels.sum(2, 3).mul(channels);
    Value mean = values.mul(pixels).sum(2, 3).div(count);
    Value distance = values.sub(mean).mul(pixels);
    var outputs = new LinkedHashMap<String, Value>();
    outputs.put(MEAN, mean);
    outputs.put(VARIANCE, distance.mul(distance).sum(2, 3).div(count));
    return Graph.of(name + "." + MEAN, outputs);
  }
}
