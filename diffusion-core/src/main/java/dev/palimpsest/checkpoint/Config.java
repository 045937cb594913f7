package dev.palimpsest.checkpoint;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.errors.UnsupportedModelException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A typed view of a JSON object, such as a component's {@code config.json}.
 *
 * <p>A default stands in for a missing field only: a field that is {@code null} is {@code None} to
 * the reference, so reading it as a value is an error; {@link #isNull} and the {@code optional}
 * readers tell. A value of another type is an {@link IllegalArgumentException} that names file,
 * field and value. Immutable and thread-safe.
 */
public final class Config {
  /** Written by transformers and diffusers; the weights' own headers are what counts. */
  private static final Set<String> DTYPE_NOTES = Set.of("torch_dtype", "dtype");

  private final Map<String, Object> fields;
  private final String source;

  private Config(Map<String, Object> fields, String source) {
    this.fields = frozen(fields);
    this.source = source;
  }

  /**
   * @throws CheckpointException if the file is not one JSON object or gives a key twice
   */
  public static Config read(Path path) throws CheckpointException {
    return new Config(Json.readObject(path), path.toString());
  }

  /** A view of {@code fields}: maps, lists, strings, numbers, booleans and nulls as JSON has. */
  public static Config of(Map<String, Object> fields) {
    return new Config(fields, "config");
  }

  /**
   * The object in a piece of JSON, such as an entry of a safetensors header.
   *
   * @param source where it comes from, for messages
   * @throws CheckpointException if the text is not one JSON object or gives a key twice
   */
  public static Config parse(String json, String source) throws CheckpointException {
    return new Config(Json.parseObject(json, source), source);
  }

  /** The fields as JSON, in their order. */
  public String json() {
    return Json.text(fields);
  }

  /** The file, for messages. */
  public String source() {
    return source;
  }

  /** The fields, unmodifiable; values may be null. */
  public Map<String, Object> asMap() {
    return fields;
  }

  /** Whether the field is there, be it null. */
  public boolean has(String name) {
    return fields.containsKey(name);
  }

  /** Whether the field is missing or null. */
  public boolean isNull(String name) {
    return fields.get(name) == null;
  }

  /** The field as JSON has it: a map, list, string, number or boolean. */
  public Optional<Object> value(String name) {
    return Optional.ofNullable(fields.get(name));
  }

  public String string(String name) {
    return asString(name, required(name));
  }

  public String string(String name, String missing) {
    return has(name) ? string(name) : missing;
  }

  /** The string, or nothing where the field is missing or null. */
  public Optional<String> optionalString(String name) {
    return isNull(name) ? Optional.empty() : Optional.of(string(name));
  }

  public int integer(String name) {
    return asInteger(name, required(name));
  }

  public int integer(String name, int missing) {
    return has(name) ? integer(name) : missing;
  }

  /** The integer, or nothing where the field is missing or null. */
  public OptionalInt optionalInteger(String name) {
    return isNull(name) ? OptionalInt.empty() : OptionalInt.of(integer(name));
  }

  /** The number; the strings "inf" and "-inf" count as such. */
  public double number(String name) {
    return asNumber(name, required(name));
  }

  public double number(String name, double missing) {
    return has(name) ? number(name) : missing;
  }

  /** The number, or nothing where the field is missing or null. */
  public OptionalDouble optionalNumber(String name) {
    return isNull(name) ? OptionalDouble.empty() : OptionalDouble.of(number(name));
  }

  public boolean bool(String name) {
    return asBool(name, required(name));
  }

  public boolean bool(String name, boolean missing) {
    return has(name) ? bool(name) : missing;
  }

  public List<String> strings(String name) {
    return list(name, this::asString);
  }

  public List<String> strings(String name, List<String> missing) {
    return has(name) ? strings(name) : missing;
  }

  /** The list of integers; a single integer is a list of one. */
  public List<Integer> integers(String name) {
    return required(name) instanceof List ? list(name, this::asInteger) : List.of(integer(name));
  }

  public List<Integer> integers(String name, List<Integer> missing) {
    return has(name) ? integers(name) : missing;
  }

  /** The list of {@code count} integers; a single integer stands for all of them. */
  public List<Integer> integers(String name, int count) {
    return required(name) instanceof List
        ? counted(name, count, list(name, this::asInteger))
        : Collections.nCopies(count, integer(name));
  }

  /** The list of {@code count} booleans; a single boolean stands for all of them. */
  public List<Boolean> bools(String name, int count) {
    return required(name) instanceof List
        ? counted(name, count, list(name, this::asBool))
        : Collections.nCopies(count, bool(name));
  }

  /** The list of numbers; a single number is a list of one. */
  public List<Double> numbers(String name) {
    return required(name) instanceof List ? list(name, this::asNumber) : List.of(number(name));
  }

  /**
   * The list of {@code count} lists of integers; a single integer stands for all, and an integer in
   * a list for a list of one.
   */
  public List<List<Integer>> nestedIntegers(String name, int count) {
    return required(name) instanceof List
        ? counted(name, count, list(name, this::asIntegers))
        : Collections.nCopies(count, List.of(integer(name)));
  }

  /** The field's object as a config of its own. */
  @SuppressWarnings("unchecked")
  public Config object(String name) {
    Object value = required(name);
    checkType(value instanceof Map, name, value, "an object");
    return new Config((Map<String, Object>) value, source + ", " + name);
  }

  /**
   * Refuses fields that the caller does not know: those outside {@code known} that are neither null
   * nor named with an underscore first, nor a mere note of the element type of the weights.
   *
   * @throws UnsupportedModelException naming the fields and their values
   */
  public void checkKnown(Set<String> known) {
    List<String> unknown =
        fields.entrySet().stream()
            .filter(e -> !e.getKey().startsWith("_") && e.getValue() != null)
            .filter(e -> !known.contains(e.getKey()) && !DTYPE_NOTES.contains(e.getKey()))
            .map(e -> e.getKey() + " = " + e.getValue())
            .toList();
    if (!unknown.isEmpty()) {
      throw new UnsupportedModelException(
          source + ": fields that this library does not know: " + String.join(", ", unknown));
    }
  }

  @Override
  public String toString() {
    return source + " " + fields;
  }

  private Object required(String name) {
    checkArgument(has(name), "%s: no field %s", source, name);
    Object value = fields.get(name);
    checkArgument(value != null, "%s: field %s is null", source, name);
    return requireNonNull(value);
  }

  private <T> List<T> list(String name, BiFunction<String, Object, T> element) {
    Object value = required(name);
    checkType(value instanceof List, name, value, "a list");
    List<T> out = new ArrayList<>();
    for (Object item : (List<?>) value) {
      checkType(item != null, name, value, "a list without nulls");
      out.add(element.apply(name, requireNonNull(item)));
    }
    return List.copyOf(out);
  }

  private <T> List<T> counted(String name, int count, List<T> list) {
    checkType(list.size() == count, name, list, "a list of " + count);
    return list;
  }

  private List<Integer> asIntegers(String name, Object value) {
    if (!(value instanceof List<?> items)) {
      return List.of(asInteger(name, value));
    }
    return items.stream().map(item -> asInteger(name, item)).collect(Collectors.toList());
  }

  private String asString(String name, Object value) {
    checkType(value instanceof String, name, value, "a string");
    return (String) value;
  }

  private boolean asBool(String name, Object value) {
    checkType(value instanceof Boolean, name, value, "true or false");
    return (Boolean) value;
  }

  private int asInteger(String name, Object value) {
    double number = value instanceof Number ? ((Number) value).doubleValue() : Double.NaN;
    checkType(number == (int) number, name, value, "an integer");
    return (int) number;
  }

  private double asNumber(String name, Object value) {
    if ("inf".equals(value)) {
      return Double.POSITIVE_INFINITY;
    }
    if ("-inf".equals(value)) {
      return Double.NEGATIVE_INFINITY;
    }
    checkType(value instanceof Number, name, value, "a number");
    return ((Number) value).doubleValue();
  }

  private void checkType(boolean ok, String name, @Nullable Object value, String expected) {
    checkArgument(ok, "%s: field %s is %s, expected %s", source, name, value, expected);
  }

  private static Map<String, Object> frozen(Map<String, Object> fields) {
    Map<String, Object> copy = new LinkedHashMap<>();
    fields.forEach((name, value) -> copy.put(name, frozenValue(value)));
    return Collections.unmodifiableMap(copy);
  }

  @SuppressWarnings({"unchecked", "NullAway"})
  private static Object frozenValue(Object value) {
    if (value instanceof Map) {
      return frozen((Map<String, Object>) value);
    }
    if (value instanceof List) {
      List<Object> copy = new ArrayList<>();
      ((List<Object>) value).forEach(item -> copy.add(frozenValue(item)));
      return Collections.unmodifiableList(copy);
    }
    return value;
  }
}
