package dev.palimpsest.autodiff;

import static dev.palimpsest.autodiff.GradientRules.each;
import static dev.palimpsest.autodiff.GradientRules.opaque;
import static dev.palimpsest.autodiff.GradientRules.row;
import static dev.palimpsest.autodiff.Ops.fill;
import static dev.palimpsest.autodiff.Ops.op;
import static dev.palimpsest.autodiff.Ops.reshape;
import static dev.palimpsest.autodiff.Ops.transpose;

import dev.palimpsest.autodiff.GradientRules.Partial;
import dev.palimpsest.graph.Attributes;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/** Rules of operators that move, choose and repeat elements. */
final class ShapeRules {
  private static final Attributes ADD = Attributes.NONE.with("reduction", "add");

  private ShapeRules() {}

  static void add() {
    Partial reshaped = b -> reshape(b.dy(), b.shape(0));
    row("Reshape", reshaped);
    row("Flatten", reshaped);
    row("Squeeze", reshaped);
    row("Unsqueeze", reshaped);
    row("Expand", Backward::dy);
    row("Transpose", ShapeRules::transposed);
    row("Tile", ShapeRules::tiled);
    each("Concat", ShapeRules::part);
    row("Split", ShapeRules::joined);
    row("Slice", SliceGradient::of);
    row("Pad", ShapeRules::unpadded);
    row("Trilu", b -> op("Trilu", b.attributes(), b.dy(), b.has(1) ? b.x(1) : null));
    row("Gather", ShapeRules::gathered);
    row("GatherElements", ShapeRules::gatheredElements);
    row("GatherND", ShapeRules::gatheredVectors);
    row("ScatterElements", ShapeRules::overwritten, b -> null, ShapeRules::scattered);
    row("ScatterND", ShapeRules::overwritten, b -> null, ShapeRules::scatteredVectors);
    opaque("Shape", "Size", "ConstantOfShape", "Range");
  }

  private static Value transposed(Backward b) {
    int rank = b.shape(0).rank();
    List<Long> permutation = b.attributes().integers("perm");
    long[] inverse = new long[rank];
    for (int i = 0; i < rank; i++) {
      inverse[permutation == null ? rank - 1 - i : permutation.get(i).intValue()] = i;
    }
    return transpose(b.dy(), inverse);
  }

  private static Value tiled(Backward b) {
    Shape shape = b.shape(0);
    long[] sizes = new long[2 * shape.rank()];
    long[] axes = new long[shape.rank()];
    for (int axis = 0; axis < shape.rank(); axis++) {
      sizes[2 * axis] = b.outputShape(0).dim(axis) / shape.dim(axis);
      sizes[2 * axis + 1] = shape.dim(axis);
      axes[axis] = 2L * axis;
    }
    return reshape(b.dy().reshape(sizes).sum(axes), shape);
  }

  private static Value part(Backward b, int input) {
    int axis = b.axis(b.attributes().integer("axis", 0));
    long from = 0;
    for (int i = 0; i < input; i++) {
      from += b.shape(i).dim(axis);
    }
    return b.dy().slice(axis, from, from + b.shape(input).dim(axis));
  }

  private static Value joined(Backward b) {
    int axis = b.axis(b.attributes().integer("axis", 0));
    var parts = new ArrayList<Value>();
    long end = 0;
    for (int i = 0; end < b.shape(0).dim(axis); i++) {
      Value dy = b.dy(i);
      Shape shape = b.outputShape(i);
      parts.add(dy == null ? fill(b.input(0).dtype(), shape, 0) : dy);
      end += shape.dim(axis);
    }
    return Value.concat(axis, parts);
  }

  private static Value unpadded(Backward b) {
    String mode = b.attributes().string("mode", "constant");
    if (!mode.equals("constant")) {
      throw b.unsupported("mode " + mode + "; only padding with a constant has a rule");
    }
    long[] pads = b.integers(1);
    int rank = b.shape(0).rank();
    long[] removed = new long[2 * rank];
    for (int i = 0; i < pads.length / 2; i++) {
      int axis = b.has(3) ? b.axis(b.integers(3)[i]) : i;
      removed[axis] = -pads[i];
      removed[axis + rank] = -pads[i + pads.length / 2];
    }
    return b.dy().pad(Value.constant(removed));
  }

  /** Rows of a table are added up where they came from. */
  private static Value gathered(Backward b) {
    Shape shape = b.shape(0);
    int axis = b.axis(b.attributes().integer("axis", 0));
    long[] front = new long[shape.rank()];
    long[] back = new long[shape.rank()];
    long[] sizes = new long[shape.rank()];
    front[0] = axis;
    for (int i = 0, next = 1; i < shape.rank(); i++) {
      front[i == axis ? 0 : next++] = i;
    }
    for (int i = 0; i < shape.rank(); i++) {
      back[(int) front[i]] = i;
      sizes[i] = shape.dim((int) front[i]);
    }
    Value rows = moved(b, axis, front);
    Value indices = b.x(1).reshape(-1, 1);
    Value sum = op("ScatterND", ADD, fill(rows.dtype(), Shape.of(sizes), 0), indices, rows);
    return axis == 0 ? sum : transpose(sum, back);
  }

  /** The gradient with the axes of the indices as one axis in front. */
  private static Value moved(Backward b, int axis, long[] front) {
    Shape shape = b.shape(0);
    long[] sizes = shape.toArray();
    sizes[axis] = b.shape(1).elements();
    Value flat = reshape(b.dy(), Shape.of(sizes));
    return axis == 0 ? flat : transpose(flat, front);
  }

  private static Value gatheredElements(Backward b) {
    Attributes attributes = ADD.with("axis", b.attributes().integer("axis", 0));
    Value zeros = fill(b.input(0).dtype(), b.shape(0), 0);
    return op("ScatterElements", attributes, zeros, b.x(1), b.dy());
  }

  private static Value gatheredVectors(Backward b) {
    if (b.attributes().integer("batch_dims", 0) != 0) {
      throw b.unsupported("batch_dims; only 0 has a rule");
    }
    Value zeros = fill(b.input(0).dtype(), b.shape(0), 0);
    return op("ScatterND", ADD, zeros, b.x(1), b.dy());
  }

  private static Value overwritten(Backward b) {
    return adds(b)
        ? b.dy()
        : op(b.operator(), b.attributes(), b.dy(), b.x(1), fill(b.dy().dtype(), b.shape(2), 0));
  }

  private static boolean adds(Backward b) {
    String reduction = b.attributes().string("reduction", "none");
    if (!reduction.equals("none") && !reduction.equals("add")) {
      throw b.unsupported("reduction " + reduction + "; only none and add have rules");
    }
    return reduction.equals("add");
  }

  private static Value scattered(Backward b) {
    adds(b);
    return b.dy().gatherElements(b.x(1), (int) b.attributes().integer("axis", 0));
  }

  private static Value scatteredVectors(Backward b) {
    adds(b);
    return op("GatherND", b.dy(), b.x(1));
  }
}
