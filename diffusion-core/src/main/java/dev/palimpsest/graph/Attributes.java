package dev.palimpsest.graph;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The attributes of an operator by name: a {@link Long}, {@link Float}, {@link String}, {@link
 * Tensor}, or a list of longs or floats. Immutable.
 */
public final class Attributes {
  public static final Attributes NONE = new Attributes(new TreeMap<>());

  private final Map<String, Object> values;

  private Attributes(Map<String, Object> values) {
    this.values = Collections.unmodifiableMap(values);
  }

  /** These and one more, or another value for one of them. */
  public Attributes with(String name, Object value) {
    checkArgument(
        value instanceof Long
            || value instanceof Float
            || value instanceof String
            || value instanceof Tensor
            || value instanceof List,
        "attribute %s cannot be a %s",
        name,
        value.getClass().getSimpleName());
    var copy = new TreeMap<>(values);
    copy.put(name, value);
    return new Attributes(copy);
  }

  /** {@link #with} a list of integers. */
  public Attributes withAll(String name, long... value) {
    var list = new ArrayList<Long>();
    for (long element : value) {
      list.add(element);
    }
    return with(name, Collections.unmodifiableList(list));
  }

  Attributes without(String name) {
    var copy = new TreeMap<>(values);
    copy.remove(name);
    return new Attributes(copy);
  }

  Map<String, Object> asMap() {
    return values;
  }

  public boolean has(String name) {
    return values.containsKey(name);
  }

  /** An integer, or {@code absent} where there is none of that name. */
  public long integer(String name, long absent) {
    return values.containsKey(name) ? (Long) get(name, Long.class) : absent;
  }

  /** A float, or {@code absent} where there is none of that name. */
  public float number(String name, float absent) {
    return values.containsKey(name) ? (Float) get(name, Float.class) : absent;
  }

  /** A string, or {@code absent} where there is none of that name. */
  public String string(String name, String absent) {
    return values.containsKey(name) ? (String) get(name, String.class) : absent;
  }

  /** A list of integers, or null where there is none of that name. */
  public @Nullable List<Long> integers(String name) {
    if (!values.containsKey(name)) {
      return null;
    }
    var integers = new ArrayList<Long>();
    for (Object element : (List<?>) get(name, List.class)) {
      checkArgument(element instanceof Long, "attribute %s must hold integers: %s", name, element);
      integers.add((Long) element);
    }
    return integers;
  }

  List<Float> numbers(String name) {
    var numbers = new ArrayList<Float>();
    for (Object element : (List<?>) get(name, List.class)) {
      checkArgument(element instanceof Float, "attribute %s must hold floats: %s", name, element);
      numbers.add((Float) element);
    }
    return numbers;
  }

  Tensor tensor(String name) {
    return (Tensor) get(name, Tensor.class);
  }

  private Object get(String name, Class<?> type) {
    Object value = values.get(name);
    if (value == null || !type.isInstance(value)) {
      throw new IllegalArgumentException(
          "attribute " + name + " must be a " + type.getSimpleName() + ", was " + value);
    }
    return value;
  }

  @Override
  public String toString() {
    return values.toString();
  }
}
