package dev.palimpsest.graph;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One dimension of a graph value: a number, or an expression of named symbols such as {@code
 * height} or {@code floor((height-1)/2)+1}. Immutable; equal when written alike.
 */
public final class Dim {
  /** Keeps hostile graphs, whose expressions could double at each node, small. */
  private static final int LONGEST = 2000;

  // A symbolic dimension is base + offset; a known one has no base.
  private final @Nullable Base base;
  private final long offset;

  private Dim(@Nullable Base base, long offset) {
    this.base = base;
    this.offset = offset;
  }

  public static Dim of(long size) {
    return new Dim(null, size);
  }

  /** A free symbol, bound by {@link Graph#bind} or by the tensors of a run. */
  public static Dim symbol(String name) {
    checkArgument(!name.isEmpty(), "a symbolic dimension needs a name");
    return new Dim(new Base(name, sizes -> sizes.get(name)), 0);
  }

  public boolean isKnown() {
    return base == null;
  }

  /**
   * The size.
   *
   * @throws IllegalStateException if symbolic
   */
  public long size() {
    if (base != null) {
      throw new IllegalStateException("dimension '" + this + "' is symbolic; bind the graph first");
    }
    return offset;
  }

  public boolean is(long size) {
    return base == null && offset == size;
  }

  public Dim plus(long term) {
    return new Dim(base, offset + term);
  }

  public Dim plus(Dim other) {
    if (other.base == null) {
      return plus(other.offset);
    }
    return base == null
        ? other.plus(offset)
        : derived("(" + term() + "+" + other.term() + ")", other, (a, b) -> a + b);
  }

  public Dim minus(Dim other) {
    if (other.base == null) {
      return plus(-other.offset);
    }
    return equals(other)
        ? of(0)
        : derived("(" + term() + "-" + other.term() + ")", other, (a, b) -> a - b);
  }

  public Dim times(Dim other) {
    if (is(1)) {
      return other;
    }
    if (other.is(1)) {
      return this;
    }
    if (is(0) || other.is(0)) {
      return of(0);
    }
    return base == null && other.base == null
        ? of(Math.multiplyExact(offset, other.offset))
        : derived("(" + term() + "*" + other.term() + ")", other, (a, b) -> a * b);
  }

  /** The quotient rounded down. */
  public Dim floorDiv(Dim other) {
    if (other.is(1)) {
      return this;
    }
    if (equals(other)) {
      return of(1);
    }
    return base == null && other.base == null
        ? of(Math.floorDiv(offset, other.offset))
        : derived("floor(" + term() + "/" + other.term() + ")", other, Math::floorDiv);
  }

  /** This dimension with its symbols replaced; symbols that {@code sizes} lacks stay. */
  Dim bind(Map<String, Long> sizes) {
    if (base == null) {
      return this;
    }
    Long size = base.evaluation.evaluate(sizes);
    return size == null ? this : of(size + offset);
  }

  private String term() {
    return base != null && offset != 0 ? "(" + this + ")" : toString();
  }

  private Dim derived(String text, Dim other, Arithmetic arithmetic) {
    checkArgument(
        text.length() <= LONGEST,
        "a dimension's expression exceeds %s characters: %s...",
        LONGEST,
        text.substring(0, Math.min(60, text.length())));
    return new Dim(
        new Base(
            text,
            sizes -> {
              Dim a = bind(sizes);
              Dim b = other.bind(sizes);
              return a.isKnown() && b.isKnown() ? arithmetic.apply(a.offset, b.offset) : null;
            }),
        0);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Dim
        && offset == ((Dim) other).offset
        && Objects.equals(base, ((Dim) other).base);
  }

  @Override
  public int hashCode() {
    return Objects.hash(base, offset);
  }

  @Override
  public String toString() {
    if (base == null) {
      return Long.toString(offset);
    }
    return offset == 0 ? base.text : base.text + (offset > 0 ? "+" : "") + offset;
  }

  private interface Evaluation {
    @Nullable Long evaluate(Map<String, Long> sizes);
  }

  private interface Arithmetic {
    long apply(long a, long b);
  }

  private static final class Base {
    final String text;
    final Evaluation evaluation;

    Base(String text, Evaluation evaluation) {
      this.text = text;
      this.evaluation = evaluation;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Base && text.equals(((Base) other).text);
    }

    @Override
    public int hashCode() {
      return text.hashCode();
    }
  }
}
