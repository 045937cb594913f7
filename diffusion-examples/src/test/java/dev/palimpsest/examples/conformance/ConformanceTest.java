package dev.palimpsest.examples.conformance;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.palimpsest.GoldenFolder;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole generations and tokenizers against the reference's values, and the runner itself. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConformanceTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final Set<String> INLINE = Set.of("ids", "padded", "attention_mask_sum");

  private static final Set<String> NAMES =
      Set.of("trained_parameters_sd_rule", "trained_parameters_sdxl_rule");

  private static final List<String> AREAS =
      List.of("esd", "grads", "lora", "pipelines", "tokenizer");

  @TempDir static Path temp;

  @SuppressWarnings("NullAway.Init")
  private Path cases;

  @SuppressWarnings("NullAway.Init")
  private Path out;

  @SuppressWarnings("NullAway.Init")
  private Outcome run;

  private record Outcome(Conformance.Summary summary, String report) {}

  @BeforeAll
  void runAll() throws IOException {
    cases = GoldenFolder.of("/conformance.zip");
    out = temp.resolve("out");
    run = run(cases, out, Set.of());
  }

  private static Outcome run(Path family, Path out, Set<String> areas) throws IOException {
    var report = new StringWriter();
    var summary = new Conformance(family, out, new PrintWriter(report)).run(areas);
    return new Outcome(summary, report.toString());
  }

  @Test
  void everyCasePasses() throws IOException {
    int count = 0;
    for (String area : AREAS) {
      count += cases(cases, area).size();
    }
    assertEquals(new Conformance.Summary(count, count, 0, Set.of()), run.summary(), run.report());
  }

  /** Area p2p on the network of area pipelines, and on its export. */
  @ParameterizedTest
  @ValueSource(strings = {"pipelines/sd", "sd_onnx"})
  void attentionCasesPass(String model) throws IOException {
    Path family = Files.createDirectories(temp.resolve(model.replace('/', '-')));
    Path attention = GoldenFolder.of("/p2p.zip");
    ObjectNode manifest =
        (ObjectNode) JSON.readTree(attention.resolve("p2p/manifest.json").toFile());
    Path folder = model.equals("sd_onnx") ? attention.resolve(model) : cases.resolve(model);
    manifest.path("cases").forEach(each -> ((ObjectNode) each).put("model", folder.toString()));
    Path area = Files.createDirectories(family.resolve("p2p"));
    JSON.writeValue(area.resolve("manifest.json").toFile(), manifest);
    Files.copy(attention.resolve("p2p/p2p.safetensors"), area.resolve("p2p.safetensors"));
    Files.writeString(family.resolve("manifest.json"), "{\"areas\":[{\"area\":\"p2p\"}]}");
    Outcome outcome = run(family, family.resolve("out"), Set.of());
    assertEquals(new Conformance.Summary(9, 9, 0, Set.of()), outcome.summary(), outcome.report());
  }

  private static JsonNode cases(Path family, String area) throws IOException {
    return manifest(family, area).path("cases");
  }

  private static JsonNode manifest(Path family, String area) throws IOException {
    return JSON.readTree(family.resolve(area).resolve("manifest.json").toFile());
  }

  @Test
  void outputsHaveTheManifestsKeysAndShapes() throws IOException {
    Map<String, Set<String>> keys = new TreeMap<>();
    for (JsonNode each : cases(cases, "pipelines")) {
      String file = each.path("arrays").asText();
      for (JsonNode expected : each.path("expected")) {
        keys.computeIfAbsent(file, f -> new TreeSet<>()).add(expected.path("key").asText());
        Tensor got =
            Safetensors.read(out.resolve("pipelines").resolve(file))
                .tensor(expected.path("key").asText());
        assertEquals(Shape.of(longs(expected.path("shape"))), got.shape());
        assertEquals(
            expected.path("dtype").asText(),
            got.dtype().toString().toLowerCase(java.util.Locale.ROOT));
      }
      for (JsonNode picture : each.path("png_out")) {
        assertTrue(Files.size(out.resolve("pipelines").resolve(picture.asText())) > 0);
      }
    }
    for (String file : keys.keySet()) {
      assertEquals(
          keys.get(file), Safetensors.read(out.resolve("pipelines").resolve(file)).names());
    }
  }

  private static long[] longs(JsonNode array) {
    long[] values = new long[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).asLong();
    }
    return values;
  }

  @Test
  void inlineValuesAreGivenByCase() throws IOException {
    JsonNode values = JSON.readTree(out.resolve("tokenizer/values.json").toFile());
    for (JsonNode each : cases(cases, "tokenizer")) {
      JsonNode got = values.path(each.path("id").asText());
      for (String field : INLINE) {
        assertEquals(each.path(field).toString(), got.path(field).toString());
      }
      assertEquals(INLINE.size(), got.size());
    }
  }

  @Test
  void withoutExpectedValuesTheOutputIsTheSame() throws IOException {
    Path bare = copy("bare");
    for (String area : AREAS) {
      strip(bare, area);
    }
    Outcome again = run(bare, temp.resolve("bare-out"), Set.of());
    int count = run.summary().cases();
    assertEquals(new Conformance.Summary(count, 0, 0, Set.of()), again.summary());
    assertTrue(again.report().contains(count + " without expected values"), again.report());
    List<Path> written = files(out);
    assertEquals(written, files(temp.resolve("bare-out")));
    for (Path file : written) {
      assertArrayEquals(
          Files.readAllBytes(out.resolve(file)),
          Files.readAllBytes(temp.resolve("bare-out").resolve(file)),
          file.toString());
    }
  }

  private static List<Path> files(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).map(folder::relativize).sorted().toList();
    }
  }

  private Path copy(String name) throws IOException {
    Path to = temp.resolve(name);
    for (Path file : files(cases)) {
      Files.createDirectories(requireNonNull(to.resolve(file).getParent()));
      Files.copy(cases.resolve(file), to.resolve(file));
    }
    return to;
  }

  /** Takes the expected arrays, pictures and inline values away; the list of keys stays. */
  private static void strip(Path family, String area) throws IOException {
    JsonNode manifest = manifest(family, area);
    var arrays = new TreeSet<String>();
    for (JsonNode each : manifest.path("cases")) {
      ((ObjectNode) each).remove(INLINE);
      ((ObjectNode) each).remove(NAMES);
      if (each.has("arrays")) {
        arrays.add(each.path("arrays").asText());
      }
      for (JsonNode picture : each.path("png_out")) {
        Files.deleteIfExists(family.resolve(area).resolve(picture.asText()));
      }
    }
    JSON.writeValue(family.resolve(area).resolve("manifest.json").toFile(), manifest);
    for (String name : arrays) {
      Path file = family.resolve(area).resolve(name);
      Safetensors all = Safetensors.read(file);
      Map<String, Tensor> inputs = new TreeMap<>();
      for (String key : all.names()) {
        if (!key.contains("/out/")) {
          inputs.put(key, all.tensor(key));
        }
      }
      Path stripped = file.resolveSibling("stripped");
      Safetensors.write(stripped, inputs, Map.of());
      Files.move(stripped, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** A family of the tokenizer's first two cases, one changed. */
  private Outcome runChanged(String name, String field, String value) throws IOException {
    Path family = temp.resolve(name);
    Files.createDirectories(family.resolve("tokenizer"));
    ObjectNode manifest = (ObjectNode) manifest(cases, "tokenizer");
    JsonNode all = manifest.path("cases");
    for (JsonNode each : all) {
      Path tokenizer = cases.resolve("tokenizer").resolve(each.path("tokenizer").asText());
      ((ObjectNode) each).put("tokenizer", tokenizer.toString());
    }
    ((ObjectNode) all.get(0)).put(field, value);
    manifest.putArray("cases").add(all.get(0)).add(all.get(1));
    JSON.writeValue(family.resolve("tokenizer/manifest.json").toFile(), manifest);
    Files.writeString(family.resolve("manifest.json"), "{\"areas\":[{\"area\":\"tokenizer\"}]}");
    return run(family, temp.resolve(name + "-out"), Set.of("tokenizer"));
  }

  @Test
  void anUnknownKindIsCountedNotFailed() throws IOException {
    Outcome outcome = runChanged("unknown", "kind", "tea_leaves");
    assertEquals(
        new Conformance.Summary(1, 1, 0, Set.of("tokenizer/tea_leaves")), outcome.summary());
    assertTrue(
        outcome.report().contains("unknown kind: tokenizer/tea_leaves, 1 cases"), outcome.report());
  }

  @Test
  void aMissingModelFailsItsCaseOnly() throws IOException {
    Outcome outcome = runChanged("missing", "tokenizer", "no-such-folder");
    assertEquals(new Conformance.Summary(2, 1, 1, Set.of()), outcome.summary());
    assertTrue(outcome.report().contains("no-such-folder"), outcome.report());
  }

  @Test
  void aWrongValueFails() throws IOException {
    Outcome outcome = runChanged("wrong", "attention_mask_sum", "many");
    assertEquals(new Conformance.Summary(2, 1, 1, Set.of()), outcome.summary());
    assertTrue(outcome.report().contains("attention_mask_sum is "), outcome.report());
  }
}
