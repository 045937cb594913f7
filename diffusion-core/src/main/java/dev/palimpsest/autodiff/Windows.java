package dev.palimpsest.autodiff;

import static dev.palimpsest.autodiff.Ops.op;
import static dev.palimpsest.autodiff.Ops.reshape;

import dev.palimpsest.graph.Attributes;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The windows of a convolution or a pooling: their size, spacing and padding, one element an axis
 * of the picture, and the two gradients of a convolution over them.
 */
final class Windows {
  private final long[] kernel;
  private final long[] strides;
  private final long[] pads;
  private final long[] dilations;
  private final long group;

  private Windows(long[] kernel, long[] strides, long[] pads, long[] dilations, long group) {
    this.kernel = kernel;
    this.strides = strides;
    this.pads = pads;
    this.dilations = dilations;
    this.group = group;
  }

  /** Those of a convolution by its weight [.., .., kernel sizes]. */
  static Windows of(Backward b, Shape weight) {
    long[] sizes = weight.toArray();
    return of(b, Arrays.copyOfRange(sizes, 2, sizes.length));
  }

  static Windows of(Backward b, long[] kernel) {
    int axes = kernel.length;
    return new Windows(
        kernel,
        list(b, "strides", axes, 1),
        list(b, "pads", 2 * axes, 0),
        list(b, "dilations", axes, 1),
        b.attributes().integer("group", 1));
  }

  static long[] list(Backward b, String name, int count, long absent) {
    List<Long> list = b.attributes().integers(name);
    long[] out = new long[count];
    Arrays.setAll(out, i -> list == null ? absent : list.get(i));
    return out;
  }

  Windows grouped(long groups) {
    return new Windows(kernel, strides, pads, dilations, groups);
  }

  Attributes attributes() {
    return Attributes.NONE
        .withAll("kernel_shape", kernel)
        .withAll("strides", strides)
        .withAll("pads", pads)
        .withAll("dilations", dilations)
        .with("group", group);
  }

  boolean unpadded() {
    return all(pads, 0);
  }

  /** Whether they lie side by side and cover all of a picture. */
  boolean tile(Shape picture) {
    boolean covers = true;
    for (int i = 0; i < kernel.length; i++) {
      covers &= picture.dim(i + 2) % kernel[i] == 0;
    }
    return covers && unpadded() && Arrays.equals(kernel, strides) && all(dilations, 1);
  }

  /** How many elements of a window lie in the picture and not in its padding. */
  long inside(int axis, long place, long size) {
    long start = place * strides[axis] - pads[axis];
    long count = 0;
    for (long k = 0; k < kernel[axis]; k++) {
      long at = start + k * dilations[axis];
      count += 0 <= at && at < size ? 1 : 0;
    }
    return count;
  }

  private static boolean all(long[] values, long value) {
    return Arrays.stream(values).allMatch(v -> v == value);
  }

  /** From the last element of a window back to its first. */
  private long reach(int axis) {
    return dilations[axis] * (kernel[axis] - 1);
  }

  /**
   * The gradient of a convolution's input: the transposed convolution that gives a picture of its
   * shape.
   *
   * @param dy [batch, out, ...]
   * @param weight [out, in / group, kernel sizes]
   */
  Value inputGradient(Value dy, Value weight, Shape input) {
    long[] more = new long[kernel.length];
    for (int i = 0; i < more.length; i++) {
      long size = (dy.shape().dim(i + 2) - 1) * strides[i] + reach(i) + 1;
      more[i] = input.dim(i + 2) - (size - pads[i] - pads[i + kernel.length]);
    }
    Attributes attributes = attributes();
    return all(more, 0)
        ? op("ConvTranspose", attributes, dy, weight)
        : op("ConvTranspose", attributes.withAll("output_padding", more), dy, weight);
  }

  /**
   * Products of the gradient with the input as each place of the kernel sees it.
   *
   * @param x [batch, in, ...]
   * @param dy [batch, out, ...]
   * @param weight the weight's shape
   */
  Value weightGradient(Value x, Value dy, Shape weight) {
    return group == 1 ? oneGroup(x, dy, weight) : severalGroups(x, dy, weight);
  }

  /**
   * One product over all pictures for each place of the kernel; of a single picture, whose places
   * take little memory together, one product for all places.
   */
  private Value oneGroup(Value x, Value dy, Shape weight) {
    long out = weight.dim(0);
    long in = weight.dim(1);
    boolean single = dy.shape().dim(0) == 1;
    Value gradient = channelsFirst(dy).reshape(out, -1);
    var parts = new ArrayList<Value>();
    for (Value part : seen(channelsFirst(x), dy.shape())) {
      Value columns = part.reshape(in, -1);
      parts.add(single ? columns : product(gradient, columns));
    }
    Value all = parts.size() == 1 ? parts.get(0) : Value.concat(single ? 0 : 1, parts);
    Value gradients = single ? product(gradient, all) : all;
    return parts.size() == 1
        ? reshape(gradients, weight)
        : reshape(gradients.reshape(out, -1, in).transpose(0, 2, 1), weight);
  }

  private static Value product(Value a, Value b) {
    return op("Gemm", Attributes.NONE.with("transB", 1L), a, b);
  }

  /** With batch and channels swapped, so that the pictures of a channel lie together. */
  private static Value channelsFirst(Value value) {
    Shape shape = value.shape();
    long[] swapped = new long[shape.rank()];
    Arrays.setAll(swapped, i -> i < 2 ? 1 - i : i);
    long[] sizes = shape.toArray();
    sizes[0] = shape.dim(1);
    sizes[1] = 1;
    return shape.dim(0) == 1 ? value.reshape(sizes) : value.transpose(swapped);
  }

  private Value severalGroups(Value x, Value dy, Shape weight) {
    long batch = dy.shape().dim(0);
    long out = weight.dim(0);
    long in = weight.dim(1);
    Value gradient = dy.reshape(batch, group, out / group, -1);
    var products = new ArrayList<Value>();
    for (Value part : seen(x, dy.shape())) {
      Value columns = part.reshape(batch, group, in, -1).transpose(0, 1, 3, 2);
      products.add(gradient.matmul(columns).sum(0).reshape(out, in, 1));
    }
    return reshape(products.size() == 1 ? products.get(0) : Value.concat(2, products), weight);
  }

  /** For each place of the kernel what lies under it when the window moves. */
  private List<Value> seen(Value x, Shape dy) {
    int axes = kernel.length;
    Value padded = unpadded() ? x : x.pad(Value.constant(allPads()));
    long[] all = new long[axes];
    Arrays.setAll(all, i -> i + 2);
    var seen = new ArrayList<Value>();
    long count = Arrays.stream(kernel).reduce(1, (a, b) -> a * b);
    for (long place = 0; place < count; place++) {
      long[] from = new long[axes];
      long[] to = new long[axes];
      long rest = place;
      for (int i = axes - 1; i >= 0; i--) {
        from[i] = rest % kernel[i] * dilations[i];
        to[i] = from[i] + (dy.dim(i + 2) - 1) * strides[i] + 1;
        rest /= kernel[i];
      }
      boolean whole = count == 1 && all(strides, 1);
      seen.add(whole ? padded : Ops.slice(padded, all, from, to, strides));
    }
    return seen;
  }

  private long[] allPads() {
    int axes = kernel.length;
    long[] out = new long[2 * (axes + 2)];
    for (int i = 0; i < axes; i++) {
      out[i + 2] = pads[i];
      out[axes + 2 + i + 2] = pads[i + axes];
    }
    return out;
  }
}
