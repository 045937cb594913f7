package dev.palimpsest.lora;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.TestModels;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.lora.Loras.Kind;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class LoraFilesTest {
  private static final String OWNER = "lora_unet_down_blocks_0_attentions_0_proj_in";
  private static final String DOWN = OWNER + ".lora_down.weight";
  private static final String UP = OWNER + ".lora_up.weight";
  private static final String ALPHA = OWNER + ".alpha";

  @TempDir Path temp;

  static void assertSame(Lora expected, Lora actual) {
    assertEquals(expected.modules().keySet(), actual.modules().keySet());
    expected
        .modules()
        .forEach(
            (target, module) -> {
              LoraModule other = requireNonNull(actual.modules().get(target));
              assertSame(module.down(), other.down());
              assertSame(module.up(), other.up());
              assertEquals(module.alpha(), other.alpha(), target.toString());
              assertEquals(module.rankStabilized(), other.rankStabilized());
              assertEquals(module.magnitude().isPresent(), other.magnitude().isPresent());
              module.magnitude().ifPresent(m -> assertSame(m, other.magnitude().orElseThrow()));
            });
  }

  private static void assertSame(Tensor expected, Tensor actual) {
    assertEquals(expected.dtype(), actual.dtype());
    assertEquals(expected.shape(), actual.shape());
    assertTrue(Arrays.equals(expected.floats(), actual.floats()));
  }

  @ParameterizedTest
  @CsvSource({
    "PEFT, PLAIN", "PEFT, RANK_STABILIZED", "PEFT, DORA",
    "DIFFUSERS, PLAIN", "DIFFUSERS, RANK_STABILIZED", "DIFFUSERS, DORA",
    "KOHYA, PLAIN", "KOHYA, DORA"
  })
  void whatWasWrittenIsRead(LoraFormat format, Kind kind) throws IOException {
    for (var checkpoint : List.of(TestModels.checkpoint(7), TestModels.xlCheckpoint(7))) {
      Lora lora = Loras.noise(checkpoint, kind, 5, path -> !path.contains("embedding"));
      Path file = temp.resolve("noise5.safetensors");
      lora.save(file, format);
      Lora read = Lora.read(file);
      assertSame(lora, read);
      assertEquals("noise5", read.name());
      byte[] first = Files.readAllBytes(file);
      read.save(file, format);
      assertTrue(Arrays.equals(first, Files.readAllBytes(file)));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT16", "BFLOAT16"})
  void halfPrecisionStaysHalf(DType dtype) throws IOException {
    Path file = write(Map.of(DOWN, matrix(2, 8).as(dtype), UP, matrix(8, 2).as(dtype)));
    assertEquals(dtype, Lora.read(file).modules().values().iterator().next().down().dtype());
  }

  @Test
  void kohyaCannotHoldRankStabilisation() {
    Lora lora = Loras.attention(TestModels.checkpoint(7), Kind.RANK_STABILIZED, 5);
    Path file = temp.resolve("l.safetensors");
    var error =
        assertThrows(IllegalArgumentException.class, () -> lora.save(file, LoraFormat.KOHYA));
    assertTrue(error.toString().contains("rank stabilisation"), error.toString());
    assertTrue(Files.notExists(file));
  }

  @Test
  void peftCannotHoldDoraForSomeModulesOnly() {
    Map<LoraTarget, LoraModule> modules = new TreeMap<>();
    modules.put(new LoraTarget("unet", "a"), LoraModule.of(matrix(2, 8), matrix(8, 2), 1));
    Optional<Tensor> lengths = Optional.of(Tensor.of(Shape.of(8), new float[8]));
    modules.put(
        new LoraTarget("unet", "b"), new LoraModule(matrix(2, 8), matrix(8, 2), 1, false, lengths));
    Lora lora = Lora.of("mixed", modules, Map.of());
    var error =
        assertThrows(
            IllegalArgumentException.class,
            () -> lora.save(temp.resolve("l.safetensors"), LoraFormat.PEFT));
    assertTrue(error.toString().contains("DoRA"), error.toString());
  }

  /** Kohya's scripts name the blocks of XL as the original code does. */
  @ParameterizedTest
  @CsvSource({
    "input_blocks_0_0, conv_in",
    "input_blocks_1_0_in_layers_2, down_blocks.0.resnets.0.conv1",
    "input_blocks_3_0_op, down_blocks.0.downsamplers.0.conv",
    "input_blocks_4_1_transformer_blocks_0_attn1_to_q,"
        + " down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q",
    "input_blocks_8_1_transformer_blocks_9_ff_net_0_proj,"
        + " down_blocks.2.attentions.1.transformer_blocks.9.ff.net.0.proj",
    "input_blocks_8_0_skip_connection, down_blocks.2.resnets.1.conv_shortcut",
    "middle_block_0_emb_layers_1, mid_block.resnets.0.time_emb_proj",
    "middle_block_1_proj_in, mid_block.attentions.0.proj_in",
    "middle_block_2_out_layers_3, mid_block.resnets.1.conv2",
    "output_blocks_0_1_transformer_blocks_3_attn2_to_out_0,"
        + " up_blocks.0.attentions.0.transformer_blocks.3.attn2.to_out.0",
    "output_blocks_2_2_conv, up_blocks.0.upsamplers.0.conv",
    "output_blocks_5_0_out_layers_3, up_blocks.1.resnets.2.conv2",
    "time_embed_2, time_embedding.linear_2",
    "label_emb_0_0, add_embedding.linear_1",
    "out_2, conv_out",
    "up_blocks_1_attentions_0_transformer_blocks_0_ff_net_2,"
        + " up_blocks.1.attentions.0.transformer_blocks.0.ff.net.2"
  })
  void blocksOfTheOriginalCodeAreFound(String kohya, String module) throws IOException {
    Path file =
        write(
            Map.of(
                "lora_unet_" + kohya + ".lora_down.weight", matrix(2, 8),
                "lora_unet_" + kohya + ".lora_up.weight", matrix(8, 2)));
    assertEquals(List.of(module), List.copyOf(Lora.read(file).modules("unet").keySet()));
  }

  @ParameterizedTest
  @CsvSource({
    "lora_te_text_model_encoder_layers_3_self_attn_out_proj, text_encoder",
    "lora_te1_text_model_encoder_layers_3_self_attn_out_proj, text_encoder",
    "lora_te2_text_model_encoder_layers_3_self_attn_out_proj, text_encoder_2",
    "text_encoder.text_model.encoder.layers.3.self_attn.out_proj, text_encoder",
    "text_encoder_2.encoder.layers.3.self_attn.out_proj, text_encoder_2",
    "base_model.model.text_model.encoder.layers.3.self_attn.out_proj, text_encoder"
  })
  void textEncodersAreFound(String owner, String component) throws IOException {
    Path file =
        write(
            Map.of(owner + ".lora_A.weight", matrix(2, 8), owner + ".lora_B.weight", matrix(8, 2)));
    var target = new LoraTarget(component, "text_model.encoder.layers.3.self_attn.out_proj");
    assertEquals(List.of(target), List.copyOf(Lora.read(file).modules().keySet()));
  }

  @Test
  void attentionProcessorsOfEarlyDiffusersAreRead() throws IOException {
    String attention = "mid_block.attentions.0.transformer_blocks.0.attn1";
    Path file =
        write(
            Map.of(
                attention + ".processor.to_out_lora.down.weight", matrix(2, 8),
                attention + ".processor.to_out_lora.up.weight", matrix(8, 2)));
    Lora lora = Lora.read(file);
    LoraModule module = requireNonNull(lora.modules("unet").get(attention + ".to_out.0"));
    assertEquals(1, module.scaling(), "without an alpha nothing is scaled");
  }

  @Test
  void peftsOwnFilesHaveTheirSettingsBeside() throws IOException {
    String owner = "base_model.model.mid_block.attentions.0.proj_in";
    Files.writeString(
        temp.resolve("adapter_config.json"),
        "{\"r\": 2, \"lora_alpha\": 6, \"use_rslora\": true, \"alpha_pattern\": {\"proj_in\": 3}}");
    Path file =
        write(
            Map.of(owner + ".lora_A.weight", matrix(2, 8), owner + ".lora_B.weight", matrix(8, 2)));
    assertEquals(3 / Math.sqrt(2), Lora.read(file).modules().values().iterator().next().scaling());
  }

  @Test
  void alphaAndRankScaleTheProduct() throws IOException {
    Path file = write(Map.of(DOWN, matrix(4, 8), UP, matrix(8, 4), ALPHA, Tensor.scalar(2f)));
    assertEquals(0.5, Lora.read(file).modules().values().iterator().next().scaling());
  }

  @Test
  void metadataIsKept() throws IOException {
    Path file = temp.resolve("l.safetensors");
    Safetensors.write(
        file,
        Map.of(DOWN, matrix(2, 8), UP, matrix(8, 2)),
        Map.of("format", "pt", "modelspec.title", "m5"));
    assertEquals(Map.of("modelspec.title", "m5"), Lora.read(file).metadata());
  }

  @ParameterizedTest
  @CsvSource({
    "hada_w1_a, LoHa", "lokr_w1, LoKr", "oft_blocks, OFT", "lora_mid.weight, Tucker",
    "diff, differences", "on_input, IA3", "a1.weight, GLoRA", "vera_lambda_b, VeRA"
  })
  void otherKindsAreRefusedByName(String part, String name) throws IOException {
    Path file = write(Map.of(OWNER + "." + part, matrix(2, 8), UP, matrix(8, 2)));
    var error = assertThrows(CheckpointException.class, () -> Lora.readLenient(file));
    assertTrue(error.toString().contains(name), error.toString());
  }

  private void assertProblem(String message, Map<String, Tensor> tensors) throws IOException {
    var more = new TreeMap<>(tensors);
    String good = "unet.mid_block.attentions.0.proj_in";
    more.put(good + ".lora_A.weight", matrix(2, 8));
    more.put(good + ".lora_B.weight", matrix(8, 2));
    Path file = write(more);
    var error = assertThrows(CheckpointException.class, () -> Lora.read(file));
    assertTrue(error.toString().contains(message), error.toString());
    LoraReading reading = Lora.readLenient(file);
    assertEquals(1, reading.lora().modules().size());
    assertTrue(String.join("\n", reading.problems()).contains(message), reading.toString());
  }

  @Test
  void oneWayToBeWrongEach() throws IOException {
    Tensor down = matrix(2, 8);
    Tensor up = matrix(8, 2);
    assertProblem("belongs to no module", Map.of("lora_unet_nowhere.lora_down.weight", down));
    assertProblem("belongs to no module", Map.of("some.tensor", down));
    assertProblem("Flux", Map.of("lora_unet_double_blocks_0_img_attn_proj.lora_down.weight", down));
    assertProblem("no UP matrix", Map.of(DOWN, down));
    assertProblem("no DOWN matrix", Map.of(UP, up));
    assertProblem("differ in rank", Map.of(DOWN, matrix(3, 8), UP, up));
    assertProblem("rank is 0", Map.of(DOWN, matrix(0, 8), UP, matrix(8, 0)));
    assertProblem("no matrices", Map.of(DOWN, Tensor.of(Shape.of(2), 1f, 2f), UP, up));
    assertProblem("alpha is NaN", Map.of(DOWN, down, UP, up, ALPHA, Tensor.scalar(Float.NaN)));
    assertProblem(
        "alpha is Infinity",
        Map.of(DOWN, down, UP, up, ALPHA, Tensor.scalar(Float.POSITIVE_INFINITY)));
    assertProblem("not one number", Map.of(DOWN, down, UP, up, ALPHA, matrix(1, 2)));
    assertProblem(
        "holds a NaN", Map.of(DOWN, Tensor.of(Shape.of(1, 2), 1, Float.NaN), UP, matrix(8, 1)));
    assertProblem(
        "not floating", Map.of(DOWN, Tensor.of(Shape.of(1, 2), 1L, 2L), UP, matrix(8, 1)));
    assertProblem(
        "lengths of columns",
        Map.of(DOWN, down, UP, matrix(4, 2), OWNER + ".dora_scale", matrix(1, 8)));
    assertProblem("are the same", Map.of(DOWN, down, UP, up, OWNER + ".lora_A.weight", down));
  }

  @Test
  void afileWithoutALoraIsRefused() throws IOException {
    Path file = write(Map.of("conv_in.weight", matrix(2, 2)));
    assertThrows(CheckpointException.class, () -> Lora.readLenient(file));
    assertThrows(CheckpointException.class, () -> Lora.read(temp.resolve("none.safetensors")));
  }

  @Test
  void badSettingsAreRefused() throws IOException {
    Path file = temp.resolve("l.safetensors");
    for (String settings :
        List.of("[]", "{\"unet.lora_alpha\": \"x\"}", "{\"unet.alpha_pattern\": {\"(a+)+\": 1}}")) {
      Safetensors.write(
          file, Map.of(DOWN, matrix(2, 8), UP, matrix(8, 2)), Map.of(PeftSettings.ENTRY, settings));
      assertThrows(CheckpointException.class, () -> Lora.read(file), settings);
    }
  }

  private Path write(Map<String, Tensor> tensors) throws IOException {
    Path file = temp.resolve("l.safetensors");
    Safetensors.write(file, tensors, Map.of());
    return file;
  }

  private static Tensor matrix(long rows, long columns) {
    float[] values = new float[(int) (rows * columns)];
    for (int i = 0; i < values.length; i++) {
      values[i] = i / 8f - 1;
    }
    return Tensor.of(Shape.of(rows, columns), values);
  }
}
