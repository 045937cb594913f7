package dev.palimpsest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Onnx;
import dev.palimpsest.graph.Value;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxUpscalerTest {
  @TempDir private Path folder;

  /** A model file with an input of such sizes, which may be names. */
  private Path model(UnaryOperator<Value> network, Object... sizes) throws IOException {
    Value in = Value.input("low resolution", DType.FLOAT32, Dims.parse(sizes));
    Path file = Files.createTempFile(folder, "model", ".onnx");
    Onnx.write(Graph.of("upscaler", "high resolution", network.apply(in)), name -> null, file);
    return file;
  }

  private OnnxUpscaler open(Path file) throws IOException {
    return OnnxUpscaler.builder(file).tiles(8, 2).open(Device.cpu(1));
  }

  private static Tensor picture(int height, int width) {
    float[] values = new float[3 * height * width];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i * 7 % 256) / 255f;
    }
    return Tensor.of(Shape.of(1, 3, height, width), values);
  }

  private static float[] nearest(Tensor small, int factor) {
    int height = (int) small.shape().dim(2);
    int width = (int) small.shape().dim(3);
    float[] out = new float[3 * height * width * factor * factor];
    for (int i = 0; i < out.length; i++) {
      int y = i / (width * factor) % (height * factor) / factor;
      int x = i % (width * factor) / factor;
      int plane = i / (width * height * factor * factor);
      out[i] = small.floats()[(plane * height + y) * width + x];
    }
    return out;
  }

  private static Tensor upscaled(Upscaler upscaler, Tensor picture, int factor) {
    return upscaler.upscale(
        picture,
        (int) picture.shape().dim(3) * factor,
        (int) picture.shape().dim(2) * factor,
        new Cancellation());
  }

  @Test
  void tilesOfModelsOfAnySizeMakeTheWhole() throws IOException {
    Path file = model(x -> x.resizeNearest(3), "batch", 3, "height", "width");
    try (OnnxUpscaler upscaler = open(file)) {
      assertEquals(3, upscaler.scale());
      Tensor small = picture(13, 21);
      assertArrayEquals(nearest(small, 3), upscaled(upscaler, small, 3).floats(), 1e-5f);
    }
  }

  @Test
  void modelsOfOneChannelAndAFixedSizeSeeTheColoursInTurn() throws IOException {
    Path file = model(x -> x.resizeNearest(2), 1, 1, 10, 6);
    try (OnnxUpscaler upscaler = open(file)) {
      for (Tensor small : new Tensor[] {picture(13, 21), picture(4, 3)}) {
        assertArrayEquals(nearest(small, 2), upscaled(upscaler, small, 2).floats(), 1e-5f);
      }
    }
  }

  @Test
  void whiteIsWhatTheModelCallsIt() throws IOException {
    Path file = model(x -> x.resizeNearest(2).add(51f), "batch", 3, "height", "width");
    try (OnnxUpscaler upscaler = OnnxUpscaler.builder(file).white(255).open(Device.cpu(1))) {
      Tensor black = Tensor.zeros(Shape.of(1, 3, 4, 4));
      assertEquals(0.2f, upscaled(upscaler, black, 2).floats()[0], 1e-6f);
    }
  }

  @Test
  void runsAsOftenAsNeededAndEndsAtTheSizeAskedFor() throws IOException {
    Path file = model(x -> x.resizeNearest(2), "batch", 3, "height", "width");
    try (OnnxUpscaler upscaler = open(file)) {
      Tensor small = Tensor.concat(List.of(picture(8, 8), picture(8, 8)));
      Tensor large = upscaler.upscale(small, 30, 20, new Cancellation());
      assertEquals(Shape.of(2, 3, 20, 30), large.shape());
    }
  }

  @Test
  void refusesWhatDoesNotEnlarge() throws IOException {
    for (Path wrong :
        new Path[] {
          model(x -> x.add(1f), "batch", 3, "height", "width"),
          model(x -> x.averagePool(2, 2), "batch", 3, "height", "width"),
          model(x -> x.resizeNearest(2).pad(1, 0, 0, 0), "batch", 3, "height", "width"),
          model(x -> x.slice(1, 0, 1).resizeNearest(2), "batch", 3, "height", "width"),
          model(x -> x.resizeNearest(2), "batch", 4, "height", "width"),
          model(x -> x.mul(2f), "batch", "length")
        }) {
      assertThrows(UnsupportedModelException.class, () -> open(wrong));
    }
  }

  @Test
  void refusesFilesThatAreNoModels() throws IOException {
    Path file = Files.writeString(folder.resolve("text.onnx"), "no model");
    assertThrows(CheckpointException.class, () -> open(file));
  }

  @Test
  void refusesImpossibleTilesAndWhites() {
    OnnxUpscaler.Builder builder = OnnxUpscaler.builder(folder);
    assertThrows(IllegalArgumentException.class, () -> builder.tiles(8, 8));
    assertThrows(IllegalArgumentException.class, () -> builder.white(0));
  }
}
