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
final class Attributes {
  static final Attributes NONE = new Attributes(new TreeMap<>());

  private final Map<String, Object> values;

  private Attributes(Map<String, Object> values) {
    this.values = Collections.unmodifiableMap(values);
  }

  Attributes with(String name, Object value) {
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

  Attributes withAll(String name, long... value) {
    var list = new ArrayList<Long>();
    for (long element : value) {
      list.add(element);
    }
    return with(name, Collections.unmodifiableList(list));
  }

  Map<String, Object> asMap() {
    return values;
  }

  boolean has(String name) {
    return values.containsKey(name);
  }

  long integer(String name, long absent) {
    return values.containsKey(name) ? (Long) get(name, Long.class) : absent;
  }

  float number(String name, float absent) {
    return values.containsKey(name) ? (Float) get(name, Float.class) : absent;
  }

  String string(String name, String absent) {
    return values.containsKey(name) ? (String) get(name, String.class) : absent;
  }

  @SuppressWarnings(
      "unchecked") // the reader and the builders put only longs into lists asked for here
  @Nullable List<Long> integers(String name) {
    return values.containsKey(name) ? (List<Long>) get(name, List.class) : null;
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
