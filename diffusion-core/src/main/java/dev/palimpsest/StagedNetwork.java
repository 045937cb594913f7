package dev.palimpsest;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.graph.Graph;
import dev.palimpsest.model.Stage;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Half of an autoencoder run stage by stage, each in tiles, with the means and variances of the
 * whole picture: the result is that of the untiled network but for rounding, and memory depends on
 * the tile. What goes from one stage to the next lies in a temporary file. Stages in which every
 * pixel sees every other, which are at the latents' size, are run whole. Thread-safe.
 */
final class StagedNetwork {
  /** The side of a tile, with which Stable Diffusion's autoencoder takes about 1 GiB. */
  static final int SIDE = 256;

  private final List<Stage> stages;
  private final Function<Graph, Session> opener;
  private final int side;

  /**
   * @param opener opens a stage; closed as soon as the stage has run, so that one stage's memory is
   *     held at a time
   * @param side of a tile, in pixels where a stage has most
   */
  StagedNetwork(List<Stage> stages, Function<Graph, Session> opener, int side) {
    this.stages = List.copyOf(stages);
    this.opener = opener;
    this.side = side;
  }

  /**
   * The output for float32 [batch, channels, height, width], one picture after the other.
   *
   * @throws dev.palimpsest.errors.InferenceException if the temporary folder is full
   */
  Tensor run(Tensor in, Cancellation cancellation) {
    var out = new ArrayList<Tensor>();
    for (int row = 0; row < in.shape().dim(0); row++) {
      out.add(runOne(in.rows(row, row + 1), cancellation));
    }
    return Tensor.concat(out);
  }

  private Tensor runOne(Tensor in, Cancellation cancellation) {
    PlaneFile x = store(in);
    try {
      for (Stage stage : stages) {
        PlaneFile next = new StageRun(stage, x, cancellation).run();
        x.close();
        x = next;
      }
      return x.read(x.whole());
    } finally {
      x.close();
    }
  }

  private static PlaneFile store(Tensor tensor) {
    Shape shape = tensor.shape();
    var file = PlaneFile.create((int) shape.dim(1), (int) shape.dim(2), (int) shape.dim(3));
    try {
      file.write(tensor, file.whole(), file.whole());
      return file;
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /** One stage on one picture. */
  private final class StageRun {
    private final Stage stage;
    private final PlaneFile in;
    private final Cancellation cancellation;
    private final Map<String, Tensor> statistics = new HashMap<>();

    StageRun(Stage stage, PlaneFile in, Cancellation cancellation) {
      this.stage = stage;
      this.in = in;
      this.cancellation = cancellation;
    }

    PlaneFile run() {
      List<Area> tiles = stage.local() ? tiles() : List.of(in.whole());
      if (tiles.size() == 1) {
        try (Session session = opener.apply(stage.graph())) {
          return store(only(session, in.read(in.whole())));
        }
      }
      List<Graph> norms = stage.statistics();
      for (int i = 0; i < norms.size(); i++) {
        try (Session session = opener.apply(norms.get(i))) {
          measure(session, i, tiles);
        }
      }
      try (Session session = opener.apply(stage.withGivenStatistics())) {
        return transform(session, tiles);
      }
    }

    private void measure(Session session, int index, List<Area> tiles) {
      var total = new PooledMoments();
      for (Area tile : tiles) {
        Area seen = tile.grown(Stage.REACH, in.height(), in.width());
        Map<String, Tensor> inputs = inputs(session, seen);
        inputs.put(Stage.MASK, mask(seen, tile.within(seen)));
        Map<String, Tensor> out = session.run(inputs, cancellation);
        total.add(
            (double) tile.height() * tile.width(),
            requireNonNull(out.get(Stage.MEAN)).floats(),
            requireNonNull(out.get(Stage.VARIANCE)).floats());
      }
      statistics.put(Stage.MEAN + index, total.mean());
      statistics.put(Stage.VARIANCE + index, total.variance());
    }

    private PlaneFile transform(Session session, List<Area> tiles) {
      int channels = (int) requireNonNull(session.outputs().get(Stage.OUTPUT)).dims().get(1).size();
      Area size = in.whole().scaled(stage.up(), stage.down());
      PlaneFile out = PlaneFile.create(channels, size.height(), size.width());
      try {
        for (Area tile : tiles) {
          Area seen = tile.grown(Stage.REACH, in.height(), in.width());
          Tensor made = run(session, inputs(session, seen));
          out.write(
              made,
              tile.within(seen).scaled(stage.up(), stage.down()),
              tile.scaled(stage.up(), stage.down()));
        }
        return out;
      } catch (RuntimeException e) {
        out.close();
        throw e;
      }
    }

    /** The picture, and those statistics that the session takes. */
    private Map<String, Tensor> inputs(Session session, Area seen) {
      var inputs = new HashMap<String, Tensor>();
      statistics.forEach(
          (name, value) -> {
            if (session.inputs().containsKey(name)) {
              inputs.put(name, value);
            }
          });
      inputs.put(Stage.INPUT, in.read(seen));
      return inputs;
    }

    private Tensor only(Session session, Tensor x) {
      return run(session, Map.of(Stage.INPUT, x));
    }

    private Tensor run(Session session, Map<String, Tensor> inputs) {
      return requireNonNull(session.run(inputs, cancellation).get(Stage.OUTPUT));
    }

    /** Tiles of about one size that cover the input, row by row. */
    private List<Area> tiles() {
      int most = Math.max(2, side / stage.up());
      int high = part(in.height(), most);
      int wide = part(in.width(), most);
      var tiles = new ArrayList<Area>();
      for (int y = 0; y < in.height(); y += high) {
        for (int x = 0; x < in.width(); x += wide) {
          tiles.add(
              new Area(y, x, Math.min(high, in.height() - y), Math.min(wide, in.width() - x)));
        }
      }
      return tiles;
    }
  }

  /** An even part of a length, so that halving keeps its pixels together. */
  private static int part(int length, int most) {
    int parts = (length + most - 1) / most;
    int even = (length + parts - 1) / parts;
    return even + even % 2;
  }

  /** float32 [1, 1, height, width], 1 in the part and 0 around it. */
  private static Tensor mask(Area seen, Area part) {
    float[] values = new float[seen.height() * seen.width()];
    for (int y = part.y(); y < part.y() + part.height(); y++) {
      for (int x = part.x(); x < part.x() + part.width(); x++) {
        values[y * seen.width() + x] = 1;
      }
    }
    return Tensor.of(Shape.of(1, 1, seen.height(), seen.width()), values);
  }
}
