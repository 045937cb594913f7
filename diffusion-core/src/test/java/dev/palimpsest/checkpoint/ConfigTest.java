package dev.palimpsest.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.errors.UnsupportedModelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigTest {
  @TempDir Path temp;

  private Config config(String json) throws Exception {
    return Config.read(Files.writeString(temp.resolve("config.json"), json));
  }

  @Test
  void readsFields() throws Exception {
    Config config =
        config(
            "{\"s\":\"x\",\"i\":3,\"whole\":4.0,\"f\":1e-5,\"b\":true,\"n\":null,\"l\":[1,2],"
                + "\"bs\":[true,false],\"t\":[\"a\",\"b\"],\"o\":{\"k\":5}}");
    assertEquals("x", config.string("s"));
    assertEquals(3, config.integer("i"));
    assertEquals(4, config.integer("whole"));
    assertEquals(1e-5, config.number("f"));
    assertTrue(config.bool("b"));
    assertEquals(List.of(1, 2), config.integers("l"));
    assertEquals(List.of(1, 2), config.integers("l", 2));
    assertEquals(List.of(true, false), config.bools("bs", 2));
    assertEquals(List.of("a", "b"), config.strings("t"));
    assertEquals(5, config.object("o").integer("k"));
    assertTrue(config.has("n") && config.isNull("n"));
    assertFalse(config.has("missing"));
    assertEquals(Optional.empty(), config.optionalString("n"));
    assertEquals(OptionalInt.of(3), config.optionalInteger("i"));
    assertEquals(Optional.of(List.of(1, 2)), config.value("l"));
  }

  @Test
  void scalarStandsForAList() throws Exception {
    Config config = config("{\"heads\":8,\"only\":false,\"layers\":[1,[2,3]]}");
    assertEquals(List.of(8), config.integers("heads"));
    assertEquals(List.of(8, 8, 8), config.integers("heads", 3));
    assertEquals(List.of(false, false), config.bools("only", 2));
    assertEquals(List.of(List.of(1), List.of(2, 3)), config.nestedIntegers("layers", 2));
    assertEquals(List.of(List.of(8), List.of(8)), config.nestedIntegers("heads", 2));
  }

  @Test
  void missingFieldsTakeDefaultsButNullsDoNot() throws Exception {
    Config config = config("{\"n\":null}");
    assertEquals(7, config.integer("x", 7));
    assertEquals("d", config.string("x", "d"));
    assertEquals(0.5, config.number("x", 0.5));
    assertTrue(config.bool("x", true));
    assertEquals(List.of(1), config.integers("x", List.of(1)));
    refused("field n is null", () -> config.string("n", "d"));
    refused("no field x", () -> config.integer("x"));
  }

  @Test
  void infinities() throws Exception {
    Config config = config("{\"a\":-Infinity,\"b\":\"inf\",\"c\":\"-inf\",\"d\":NaN}");
    assertEquals(Double.NEGATIVE_INFINITY, config.number("a"));
    assertEquals(Double.POSITIVE_INFINITY, config.number("b"));
    assertEquals(Double.NEGATIVE_INFINITY, config.number("c"));
    assertTrue(Double.isNaN(config.number("d")));
  }

  @Test
  void wrongTypesNameFileFieldAndValue() throws Exception {
    Config config =
        config("{\"a\":\"x\",\"b\":1.5,\"c\":[1,null],\"d\":[1,\"x\"],\"e\":9999999999}");
    refused("config.json: field a is x, expected an integer", () -> config.integer("a"));
    refused("field a is x, expected a number", () -> config.number("a"));
    refused("field a is x, expected true or false", () -> config.bool("a"));
    refused("field a is x, expected an object", () -> config.object("a"));
    refused("field a is x, expected a list", () -> config.strings("a"));
    refused("field b is 1.5, expected an integer", () -> config.integer("b"));
    refused("field b is 1.5, expected a string", () -> config.string("b"));
    refused("expected a list without nulls", () -> config.integers("c"));
    refused("field d is x, expected an integer", () -> config.integers("d"));
    refused("expected an integer", () -> config.integer("e"));
  }

  private static void refused(String message, Executable call) {
    String text = String.valueOf(assertThrows(IllegalArgumentException.class, call).getMessage());
    assertTrue(text.contains(message), text);
  }

  @Test
  void listOfWrongLengthIsRefused() throws Exception {
    Config config = config("{\"l\":[1,2]}");
    refused("field l is [1, 2], expected a list of 3", () -> config.integers("l", 3));
  }

  @Test
  void unknownFieldsAreNamed() throws Exception {
    Config config = config("{\"_class_name\":\"X\",\"known\":1,\"novel\":2,\"none\":null}");
    config.checkKnown(Set.of("known", "novel"));
    var e =
        assertThrows(
            UnsupportedModelException.class, () -> config.checkKnown(Set.of("known", "other")));
    assertTrue(String.valueOf(e.getMessage()).endsWith("does not know: novel = 2"));
  }

  @Test
  @SuppressWarnings("unchecked")
  void isImmutable() throws Exception {
    Config config = config("{\"l\":[1],\"o\":{}}");
    var list = (List<Object>) config.value("l").orElseThrow();
    assertThrows(UnsupportedOperationException.class, () -> list.add(2));
    assertThrows(UnsupportedOperationException.class, () -> config.asMap().clear());
    assertThrows(UnsupportedOperationException.class, () -> config.object("o").asMap().clear());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "null", "[1]", "1", "{", "{\"a\":1,\"a\":2}", "{} {}", "{\"a\":01}"})
  void malformedFilesAreRefused(String json) {
    var e = assertThrows(CheckpointException.class, () -> config(json));
    assertTrue(String.valueOf(e.getMessage()).contains("config.json"));
  }

  @Test
  void deepNestingIsRefused() {
    String json = "{\"a\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}";
    assertThrows(CheckpointException.class, () -> config(json));
  }

  @Test
  void missingFileIsNamed() {
    var e = assertThrows(CheckpointException.class, () -> Config.read(temp.resolve("absent.json")));
    assertTrue(String.valueOf(e.getMessage()).endsWith("absent.json: no such file"));
  }
}
