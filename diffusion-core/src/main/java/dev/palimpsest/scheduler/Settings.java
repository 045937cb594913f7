package dev.palimpsest.scheduler;

import dev.palimpsest.errors.UnsupportedModelException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a scheduler configuration, under diffusers' names; a missing or null field reads as
 * the default that the reader passes, since the same field has other defaults in other classes.
 */
final class Settings {
  static final Settings NONE = new Settings(Map.of());

  private final Map<String, Object> fields;

  Settings(Map<String, ?> fields) {
    this.fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
  }

  Map<String, Object> asMap() {
    return fields;
  }

  boolean has(String name) {
    return fields.get(name) != null;
  }

  Settings with(String name, Object value) {
    var copy = new LinkedHashMap<String, Object>(fields);
    copy.put(name, value);
    return new Settings(copy);
  }

  /** These fields, and the defaults for those that are missing or null. */
  Settings or(Map<String, Object> defaults) {
    var copy = new LinkedHashMap<String, Object>(fields);
    defaults.forEach((name, value) -> copy.merge(name, value, (own, other) -> own));
    return new Settings(copy);
  }

  boolean flag(String name, boolean otherwise) {
    Object value = fields.get(name);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof Boolean) {
      return (Boolean) value;
    }
    throw wrong(name, value, "true or false");
  }

  int integer(String name, int otherwise) {
    double value = number(name, otherwise);
    if (value != Math.rint(value) || Math.abs(value) > Integer.MAX_VALUE) {
      throw wrong(name, value, "a whole number");
    }
    return (int) value;
  }

  double number(String name, double otherwise) {
    Object value = fields.get(name);
    return value == null ? otherwise : number(name, value);
  }

  /** The field, or NaN where it is missing. */
  double numberOrNaN(String name) {
    return number(name, Double.NaN);
  }

  @Nullable List<Double> numbers(String name) {
    Object value = fields.get(name);
    if (value == null) {
      return null;
    }
    if (!(value instanceof List)) {
      throw wrong(name, value, "a list of numbers");
    }
    var numbers = new ArrayList<Double>();
    for (Object element : (List<?>) value) {
      numbers.add(number(name, element));
    }
    return numbers;
  }

  String text(String name, String otherwise) {
    Object value = fields.get(name);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof String) {
      return (String) value;
    }
    throw wrong(name, value, "a string");
  }

  /**
   * The constant whose {@code toString()}, in lower case, is the field's value.
   *
   * @param foreign values of other classes' configurations that mean {@code otherwise}
   */
  <E extends Enum<E>> E choice(String name, E otherwise, String... foreign) {
    String value = text(name, "");
    if (!has(name) || Arrays.asList(foreign).contains(value)) {
      return otherwise;
    }
    var known = new ArrayList<String>();
    for (E constant : otherwise.getDeclaringClass().getEnumConstants()) {
      String key = constant.toString().toLowerCase(Locale.ROOT);
      if (key.equals(value)) {
        return constant;
      }
      known.add(key);
    }
    throw wrong(name, value, "one of " + known);
  }

  /** A list of whole numbers, empty where it is missing. */
  List<Integer> integers(String name) {
    var integers = new ArrayList<Integer>();
    List<Double> numbers = numbers(name);
    for (double number : numbers == null ? List.<Double>of() : numbers) {
      if (number != Math.rint(number)) {
        throw wrong(name, number, "whole numbers");
      }
      integers.add((int) number);
    }
    return integers;
  }

  /** Refuses a field that is set at all. */
  void refuse(String name) {
    if (has(name)) {
      throw wrong(name, fields.get(name), "null");
    }
  }

  /** Refuses a field whose value is none of those that this library runs. */
  void require(String name, Object... possible) {
    Object value = fields.get(name);
    if (value != null && !Arrays.asList(possible).contains(value)) {
      throw wrong(name, value, "one of " + Arrays.toString(possible));
    }
  }

  private static double number(String name, @Nullable Object value) {
    if (value instanceof Number) {
      return ((Number) value).doubleValue();
    }
    if (value instanceof String) {
      switch ((String) value) {
        case "inf", "Infinity" -> {
          return Double.POSITIVE_INFINITY;
        }
        case "-inf", "-Infinity" -> {
          return Double.NEGATIVE_INFINITY;
        }
        default -> throw wrong(name, value, "a number");
      }
    }
    throw wrong(name, value, "a number");
  }

  private static UnsupportedModelException wrong(
      String name, @Nullable Object value, String possible) {
    String shown = value instanceof String ? "\"" + value + "\"" : String.valueOf(value);
    return new UnsupportedModelException(
        "scheduler field " + name + " is " + shown + ", must be " + possible);
  }
}
