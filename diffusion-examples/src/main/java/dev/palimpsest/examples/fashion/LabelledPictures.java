package dev.palimpsest.examples.fashion;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Arrays;

/**
 * Grey pictures, each of a class. Immutable.
 *
 * @param pictures uint8 [pictures, height, width]
 * @param labels uint8 [pictures]
 */
public record LabelledPictures(Tensor pictures, Tensor labels) {

  public LabelledPictures {
    checkArgument(
        pictures.dtype() == DType.UINT8 && pictures.shape().rank() == 3,
        "pictures must be uint8 [pictures, height, width], were %s",
        pictures);
    checkArgument(
        labels.dtype() == DType.UINT8 && labels.shape().equals(Shape.of(pictures.shape().dim(0))),
        "labels must be uint8, one for each of %s pictures, were %s",
        pictures.shape().dim(0),
        labels);
  }

  public int count() {
    return Math.toIntExact(pictures.shape().dim(0));
  }

  public int height() {
    return Math.toIntExact(pictures.shape().dim(1));
  }

  public int width() {
    return Math.toIntExact(pictures.shape().dim(2));
  }

  public int label(int index) {
    return labels.bytes().get(index) & 0xff;
  }

  /** The pictures at {@code indices} in [-1, 1]: float32 [indices, 1, height, width]. */
  public Tensor floats(int... indices) {
    int size = height() * width();
    var bytes = pictures.bytes();
    float[] values = new float[indices.length * size];
    for (int i = 0; i < values.length; i++) {
      values[i] = (bytes.get(indices[i / size] * size + i % size) & 0xff) / 127.5f - 1;
    }
    return Tensor.of(Shape.of(indices.length, 1, height(), width()), values);
  }

  /** The classes of the pictures at {@code indices}: int64 [indices]. */
  public Tensor labels(int... indices) {
    long[] values = Arrays.stream(indices).mapToLong(this::label).toArray();
    return Tensor.of(Shape.of(indices.length), values);
  }

  /** The first {@code perClass} pictures of each class 0 .. {@code classes} - 1, class by class. */
  public int[] balanced(int classes, int perClass) {
    int[] chosen = new int[classes * perClass];
    int[] found = new int[classes];
    for (int i = 0; i < count(); i++) {
      int label = label(i);
      if (label < classes && found[label] < perClass) {
        chosen[label * perClass + found[label]++] = i;
      }
    }
    for (int label = 0; label < classes; label++) {
      checkArgument(
          found[label] == perClass,
          "%s pictures of class %s are needed, there are %s",
          perClass,
          label,
          found[label]);
    }
    return chosen;
  }
}
