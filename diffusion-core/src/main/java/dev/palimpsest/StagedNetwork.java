package dev.palimpsest;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.graph.Graph;
import dev.palimpsest.model.Stage;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.DType;
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
    var memory = new Memory(new ReusedMemory(), new ReusedMemory());
    PlaneFile x = store(in);
    try {
      for (Stage stage : stages) {
        PlaneFile next = new StageRun(stage, x, memory, cancellation).run();
        x.close();
        x = next;
      }
      return x.read(x.whole(), memory.seen);
    } finally {
      x.close();
    }
  }

  /** What one tile after the other lies in. */
  private record Memory(ReusedMemory seen, ReusedMemory made) {}

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
    private final Memory memory;
    private final Cancellation cancellation;
    private final Map<String, Tensor> statistics = new HashMap<>();

    StageRun(Stage stage, PlaneFile in, Memory memory, Cancellation cancellation) {
      this.stage = stage;
      this.in = in;
      this.memory = memory;
      this.cancellation = cancellation;
    }

    PlaneFile run() {
      List<Area> tiles = stage.local() ? tiles() : List.of(in.whole());
      if (tiles.size() == 1) {
        try (Session session = opener.apply(stage.graph())) {
          Map<String, Tensor> x = Map.of(Stage.INPUT, in.read(in.whole(), memory.seen));
          return store(requireNonNull(session.run(x, cancellation).get(Stage.OUTPUT)));
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
          Tensor made = made(session, seen, channels);
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

    /** The stage's output for an area; the next one takes its place. */
    private Tensor made(Session session, Area seen, int channels) {
      Area size = seen.scaled(stage.up(), stage.down());
      Shape shape = Shape.of(1, channels, size.height(), size.width());
      Tensor out = Tensor.wrap(DType.FLOAT32, shape, memory.made.of(shape));
      session.run(inputs(session, seen), Map.of(Stage.OUTPUT, out), cancellation);
      return out;
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
      inputs.put(Stage.INPUT, in.read(seen, memory.seen));
      return inputs;
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
