package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.errors.InferenceException;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Dim;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.runtime.TensorSpec;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * An upscaler by any ONNX super-resolution model of one input and one output [batch, channels,
 * height, width] with 3 channels, or with 1, which then sees red, green and blue in turn. Names,
 * fixed sizes and the scale are the model's. Pictures go through it in overlapping tiles, as often
 * as the size asked for needs, and are then brought to that size by Lanczos. Thread-safe; the
 * caller closes it.
 *
 * <pre>{@code
 * try (Upscaler x4 = OnnxUpscaler.builder(Path.of("x4.onnx")).open(Device.cpu());
 *     var pipeline = DiffusionPipeline.builder(checkpoint).upscaler(x4).open()) {
 *   pipeline.generate(GenerationRequest.of("a lighthouse").upscaledTo(2048, 2048));
 * }
 * }</pre>
 */
public final class OnnxUpscaler implements Upscaler {
  private static final int PROBE = 16;

  private final Session session;
  private final TensorSpec input;
  private final Windows tiles;
  private final float white;
  private final int scale;

  private OnnxUpscaler(Session session, TensorSpec input, Windows tiles, float white) {
    this.session = session;
    this.input = input;
    this.tiles = tiles;
    this.white = white;
    this.scale = probe();
  }

  public static Builder builder(Path model) {
    return new Builder(requireNonNull(model));
  }

  /** How many pixels the model makes of one, on each side. */
  public int scale() {
    return scale;
  }

  @Override
  public Tensor upscale(Tensor pictures, int width, int height, Cancellation cancellation) {
    var out = new ArrayList<Tensor>();
    for (int row = 0; row < pictures.shape().dim(0); row++) {
      Tensor picture = pictures.rows(row, row + 1);
      while (picture.shape().dim(3) < width || picture.shape().dim(2) < height) {
        picture = once(picture, cancellation);
      }
      out.add(picture);
    }
    Tensor all = Tensor.concat(out);
    return all.shape().dim(3) == width && all.shape().dim(2) == height
        ? all
        : Upscaler.lanczos().upscale(all, width, height, cancellation);
  }

  private Tensor once(Tensor picture, Cancellation cancellation) {
    Shape shape = picture.shape();
    var sum =
        new WeightedSum(shape.withDim(2, shape.dim(2) * scale).withDim(3, shape.dim(3) * scale));
    for (Area area : tiles.over((int) shape.dim(2), (int) shape.dim(3))) {
      Tensor out = run(filled(WeightedSum.part(picture, area)), cancellation);
      Area made = area.scaled(scale, 1);
      sum.add(
          WeightedSum.part(out, new Area(0, 0, made.height(), made.width())),
          made,
          (y, x) -> made.weight(y, x, tiles.overlap() * scale));
    }
    return mapped(sum.average(), value -> Math.max(0, Math.min(1, value)));
  }

  /** A part as large as the model's fixed input, its last pixels repeated. */
  private Tensor filled(Tensor part) {
    Dim high = input.dims().get(2);
    Dim wide = input.dims().get(3);
    int height = (int) (high.isKnown() ? high.size() : part.shape().dim(2));
    int width = (int) (wide.isKnown() ? wide.size() : part.shape().dim(3));
    int fromHeight = (int) part.shape().dim(2);
    int fromWidth = (int) part.shape().dim(3);
    if (height == fromHeight && width == fromWidth) {
      return part;
    }
    float[] in = part.floats();
    float[] out = new float[3 * height * width];
    for (int i = 0; i < out.length; i++) {
      int y = Math.min(i / width % height, fromHeight - 1);
      int x = Math.min(i % width, fromWidth - 1);
      out[i] = in[(i / (width * height) * fromHeight + y) * fromWidth + x];
    }
    return Tensor.of(Shape.of(1, 3, height, width), out);
  }

  /** float32 [1, 3, height, width] in 0..1 to the same, larger. */
  private Tensor run(Tensor part, Cancellation cancellation) {
    Shape shape = part.shape();
    Tensor in = mapped(part, value -> value * white);
    if (!input.dims().get(1).is(1)) {
      return mapped(runOnce(in, cancellation), value -> value / white);
    }
    Tensor planes = in.reshape(Shape.of(3, 1, shape.dim(2), shape.dim(3)));
    var colours = new ArrayList<Tensor>();
    for (int colour = 0; colour < 3; colour++) {
      colours.add(runOnce(planes.rows(colour, colour + 1), cancellation));
    }
    return mapped(Tensor.concat(1, colours), value -> value / white);
  }

  private Tensor runOnce(Tensor in, Cancellation cancellation) {
    return session
        .run(Map.of(input.name(), in.as(input.dtype())), cancellation)
        .values()
        .iterator()
        .next()
        .as(DType.FLOAT32);
  }

  private interface Change {
    float of(float value);
  }

  private static Tensor mapped(Tensor tensor, Change change) {
    float[] in = tensor.floats();
    float[] out = new float[in.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = change.of(in[i]);
    }
    return Tensor.of(tensor.shape(), out);
  }

  /** The scale, by what the model makes of a small gray picture. */
  private int probe() {
    float[] gray = new float[3 * PROBE * PROBE];
    Arrays.fill(gray, 0.5f);
    Tensor in = filled(Tensor.of(Shape.of(1, 3, PROBE, PROBE), gray));
    Shape from = in.shape();
    Shape to;
    try {
      to = run(in, new Cancellation()).shape();
    } catch (InferenceException | IllegalArgumentException e) {
      throw new UnsupportedModelException(
          session.name() + " is no super-resolution model: it cannot be run on " + from, e);
    }
    boolean fits =
        to.rank() == 4
            && to.dim(1) == 3
            && to.dim(2) % from.dim(2) == 0
            && to.dim(3) % from.dim(3) == 0
            && to.dim(2) / from.dim(2) == to.dim(3) / from.dim(3)
            && to.dim(2) > from.dim(2);
    if (!fits) {
      throw new UnsupportedModelException(
          session.name()
              + " is no super-resolution model: of "
              + from
              + " it makes "
              + to
              + ", which is not the same enlarged by a whole factor of 2 or more");
    }
    return (int) (to.dim(2) / from.dim(2));
  }

  @Override
  public void close() {
    session.close();
  }

  @Override
  public String toString() {
    return session.name() + " ×" + scale;
  }

  /** Says how pictures are cut for the model. */
  public static final class Builder {
    private final Path model;
    private Windows tiles = Windows.of(256).overlap(16);
    private float white = 1;

    private Builder(Path model) {
      this.model = model;
    }

    /**
     * The tiles, in pixels of the smaller picture; default 256 that overlap by 16. A model of fixed
     * size has tiles of that size.
     */
    public Builder tiles(int side, int overlap) {
      this.tiles = Windows.of(side).overlap(overlap);
      return this;
    }

    /** The model's value for white, such as 255; default 1. Black is 0. */
    public Builder white(double value) {
      checkArgument(
          value > 0 && value < Double.POSITIVE_INFINITY, "white must be > 0, was %s", value);
      this.white = (float) value;
      return this;
    }

    /**
     * Opens the model; the caller closes it.
     *
     * @throws UnsupportedModelException if it does not enlarge pictures
     * @throws dev.palimpsest.errors.CheckpointException if the file is no ONNX model that can be
     *     used
     * @throws dev.palimpsest.errors.DeviceUnavailableException if the device cannot be used
     * @throws IOException if the file cannot be read
     */
    public OnnxUpscaler open(Device device) throws IOException {
      Session session = Session.open(model, device);
      try {
        TensorSpec input = input(session);
        return new OnnxUpscaler(session, input, fitting(input), white);
      } catch (RuntimeException e) {
        session.close();
        throw e;
      }
    }

    private TensorSpec input(Session session) {
      List<TensorSpec> inputs = List.copyOf(session.inputs().values());
      TensorSpec input = inputs.get(0);
      boolean fits =
          inputs.size() == 1
              && session.outputs().size() == 1
              && input.dims().rank() == 4
              && (input.dims().get(1).is(3)
                  || input.dims().get(1).is(1)
                  || !input.dims().get(1).isKnown())
              && input.dtype().isFloating();
      if (!fits) {
        throw new UnsupportedModelException(
            model
                + " is no super-resolution model, which takes and gives one float [batch, 3 or 1,"
                + " height, width]; it takes "
                + inputs
                + " and gives "
                + session.outputs().values());
      }
      return input;
    }

    private Windows fitting(TensorSpec input) {
      Dim high = input.dims().get(2);
      Dim wide = input.dims().get(3);
      int height = high.isKnown() ? (int) high.size() : tiles.height();
      int width = wide.isKnown() ? (int) wide.size() : tiles.width();
      return new Windows(width, height, Math.min(tiles.overlap(), Math.min(width, height) / 2));
    }
  }
}
