package dev.palimpsest.graph;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A transposed convolution of stride 1, such as the gradient of a convolution, as a convolution
 * with its kernels turned: ONNX Runtime computes it in half the time. The turned kernels are a
 * copy, made when a session opens where the weight is frozen, and at every run otherwise.
 */
final class TurnedKernels {
  private TurnedKernels() {}

  /** The output that replaces a transposed convolution, or null to keep it. */
  static @Nullable List<Value> apply(Graph.Rewriting rewriting) {
    Attributes attributes = rewriting.node().attributes();
    Value weight = requireNonNull(rewriting.inputs().get(1));
    boolean explicit = attributes.string("auto_pad", "NOTSET").equals("NOTSET");
    if (!explicit || attributes.has("output_shape") || !weight.dims().isKnown()) {
      return null;
    }
    long[] sizes = weight.shape().toArray();
    long[] kernel = Arrays.copyOfRange(sizes, 2, sizes.length);
    long[] dilations = list(attributes, "dilations", kernel.length, 1);
    long[] pads = list(attributes, "pads", 2 * kernel.length, 0);
    boolean plain =
        all(list(attributes, "strides", kernel.length, 1), 1)
            && all(list(attributes, "output_padding", kernel.length, 0), 0);
    long[] mirrored = new long[pads.length];
    for (int i = 0; i < pads.length; i++) {
      int axis = i % kernel.length;
      mirrored[i] = dilations[axis] * (kernel[axis] - 1) - pads[i];
    }
    if (!plain || Arrays.stream(mirrored).anyMatch(pad -> pad < 0)) {
      return null;
    }
    long group = attributes.integer("group", 1);
    var inputs = new ArrayList<>(rewriting.inputs());
    inputs.set(1, turned(weight, group));
    Attributes windows =
        Attributes.NONE
            .withAll("kernel_shape", kernel)
            .withAll("strides", list(Attributes.NONE, "strides", kernel.length, 1))
            .withAll("pads", mirrored)
            .with("group", group);
    boolean dilated = !all(dilations, 1);
    return Operators.get("Conv")
        .apply(inputs, dilated ? windows.withAll("dilations", dilations) : windows);
  }

  /** [in, out / group, k...] as [out, in / group, k...], each kernel back to front. */
  private static Value turned(Value weight, long group) {
    Shape shape = weight.shape();
    long in = shape.dim(0);
    long out = shape.dim(1);
    long size = shape.elements() / (in * out);
    Value swapped =
        group == 1
            ? weight.reshape(in, out, size).transpose(1, 0, 2)
            : weight
                .reshape(group, in / group, out, size)
                .transpose(0, 2, 1, 3)
                .reshape(group * out, in / group, size);
    // A slice back to front takes half the time of a gathering.
    Value turned = size == 1 ? swapped : swapped.slice(2, -1, Long.MIN_VALUE + 1, -1);
    long[] sizes = shape.toArray();
    sizes[0] = group * out;
    sizes[1] = in / group;
    return turned.reshape(sizes);
  }

  private static long[] list(Attributes attributes, String name, int count, long absent) {
    List<Long> list = attributes.integers(name);
    long[] out = new long[count];
    Arrays.setAll(out, i -> list == null ? absent : list.get(i));
    return out;
  }

  private static boolean all(long[] values, long value) {
    return Arrays.stream(values).allMatch(v -> v == value);
  }
}
