package dev.palimpsest.autodiff;

import static dev.palimpsest.autodiff.Ops.fill;
import static dev.palimpsest.autodiff.Ops.reshape;

import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.Shape;

/** The rule of Slice: elements go back to where they were, zeros between and around them. */
final class SliceGradient {
  private SliceGradient() {}

  static Value of(Backward b) {
    Shape whole = b.shape(0);
    if (b.dy().shape().elements() == 0) {
      return fill(b.dy().dtype(), whole, 0);
    }
    int rank = whole.rank();
    long[] before = new long[rank];
    long[] behind = new long[rank];
    Value dx = b.dy();
    long[] starts = b.integers(1);
    for (int i = 0; i < starts.length; i++) {
      int axis = b.has(3) ? b.axis(b.integers(3)[i]) : i;
      long step = b.has(4) ? b.integers(4)[i] : 1;
      long size = whole.dim(axis);
      long count = dx.shape().dim(axis);
      long first = clamped(starts[i], size, step);
      long lowest = step > 0 ? first : first + (count - 1) * step;
      dx = step < 0 ? dx.slice(axis, -1, Long.MIN_VALUE, -1) : dx;
      dx = spread(dx, axis, Math.abs(step));
      before[axis] = lowest;
      behind[axis] = size - lowest - dx.shape().dim(axis);
    }
    long[] pads = new long[2 * rank];
    System.arraycopy(before, 0, pads, 0, rank);
    System.arraycopy(behind, 0, pads, rank, rank);
    return dx.pad(Value.constant(pads));
  }

  private static long clamped(long start, long size, long step) {
    long from = start < 0 ? start + size : start;
    return Math.max(0, Math.min(step < 0 ? size - 1 : size, from));
  }

  /** With {@code step - 1} zeros between neighbours. */
  private static Value spread(Value value, int axis, long step) {
    if (step == 1) {
      return value;
    }
    Shape shape = value.shape();
    long[] split = new long[shape.rank() + 1];
    for (int i = 0; i < split.length; i++) {
      split[i] = i <= axis ? shape.dim(i) : i == axis + 1 ? 1 : shape.dim(i - 1);
    }
    long[] pads = new long[2 * split.length];
    pads[split.length + axis + 1] = step - 1;
    Value spaced = value.reshape(split).pad(Value.constant(pads));
    long length = shape.dim(axis) * step;
    return reshape(spaced, shape.withDim(axis, length)).slice(axis, 0, length - step + 1);
  }
}
