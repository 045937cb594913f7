package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.TestModels;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.lora.Lora;
import dev.palimpsest.lora.LoraFormat;
import dev.palimpsest.lora.LoraModule;
import dev.palimpsest.lora.LoraTarget;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoraCommandsTest {
  @TempDir Path dir;

  private Path model = Path.of("");
  private Path file = Path.of("");

  @BeforeEach
  void write() throws IOException {
    model = dir.resolve("model");
    Checkpoint checkpoint = TestModels.checkpoint(7);
    checkpoint.save(model);
    var noise = NoiseSource.torch(3);
    Map<LoraTarget, LoraModule> modules = new TreeMap<>();
    for (String name : checkpoint.weights("unet").names()) {
      if (name.endsWith("attn2.to_k.weight")) {
        Shape shape = checkpoint.weights("unet").shape(name);
        modules.put(
            new LoraTarget("unet", name.substring(0, name.length() - 7)),
            LoraModule.of(
                noise.gaussian(shape.withDim(0, 2)), noise.gaussian(shape.withDim(1, 2)), 4));
      }
    }
    file = dir.resolve("m5.safetensors");
    Lora.of("m5", modules, Map.of("modelspec.trigger_phrase", "m5g90 car"))
        .save(file, LoraFormat.KOHYA);
  }

  @Test
  void mergesAtAStrength() throws IOException {
    Path out = dir.resolve("merged");
    Cli merge =
        Cli.run("merge-lora", "--model", model, "--out", out, file + "@0.5", file + "@0.25");
    assertEquals(0, merge.code(), merge.err());
    assertTrue(merge.out().contains("LoRA m5 at 0.5"), merge.out());
    Lora lora = Lora.read(file);
    Checkpoint expected = Checkpoint.read(model).with(lora.at(0.5)).with(lora.at(0.25));
    assertEquals(expected.hash(), Checkpoint.read(out).hash());
  }

  @Test
  void convertsThereAndBackToTheByte() throws IOException {
    byte[] original = Files.readAllBytes(file);
    Path there = dir.resolve("there.safetensors");
    for (LoraFormat format : LoraFormat.values()) {
      Path back = dir.resolve("back.safetensors");
      assertEquals(0, Cli.run("convert-lora", file, there, "--to", format).code());
      assertEquals(0, Cli.run("convert-lora", there, back, "--to", "kohya").code());
      assertArrayEquals(original, Files.readAllBytes(back));
    }
  }

  @Test
  void leavesOutLeniently() throws IOException {
    var stored = Safetensors.read(file);
    Map<String, Tensor> tensors = new TreeMap<>();
    stored.names().forEach(name -> tensors.put(name, stored.tensor(name)));
    tensors.put("lora_unet_nowhere.lora_down.weight", Tensor.scalar(1f));
    Path odd = dir.resolve("odd.safetensors");
    Safetensors.write(odd, tensors, Map.of());
    Path out = dir.resolve("out.safetensors");
    Cli strict = Cli.run("convert-lora", odd, out, "--to", "peft");
    assertEquals(1, strict.code());
    assertTrue(strict.err().contains("lora_unet_nowhere"), strict.err());
    Cli lenient = Cli.run("convert-lora", odd, out, "--to", "peft", "--lenient");
    assertEquals(0, lenient.code(), lenient.err());
    assertTrue(lenient.err().contains("left out: tensor lora_unet_nowhere"), lenient.err());
    assertEquals(Lora.read(file).modules().keySet(), Lora.read(out).modules().keySet());
  }

  @Test
  void infoTellsWhatAnAdapterHolds() {
    Cli info = Cli.run("info", file);
    assertEquals(0, info.code(), info.err());
    assertTrue(info.out().contains("trigger words: m5g90 car"), info.out());
    assertTrue(info.out().lines().anyMatch(l -> l.matches("unet +\\d+ 2 +4.0 +LoRA +FLOAT32")));
  }

  @Test
  void picturesAreMadeWithALoraBesideTheModel() throws IOException {
    Path merged = dir.resolve("merged");
    Cli.run("merge-lora", "--model", model, "--out", merged, file + "@0.5");
    Path live = dir.resolve("live.png");
    Cli generate =
        Cli.run(
            "generate",
            "a cat",
            "--model",
            model,
            "--lora",
            file + "@0.5",
            "--steps",
            1,
            "--seed",
            1,
            "--out",
            live);
    assertEquals(0, generate.code(), generate.err());
    assertTrue(generate.err().contains("trigger words: m5g90 car"), generate.err());
    Cli inserting =
        Cli.run(
            "generate",
            "a cat",
            "--insert-triggers",
            "--model",
            model,
            "--lora",
            file,
            "--steps",
            1,
            "--seed",
            1,
            "--out",
            live);
    assertEquals("", inserting.err());
    assertTrue(inserting.out().startsWith("prompt: m5g90 car, a cat\n"), inserting.out());
    String made = PngFile.metadata(live).parameters().orElseThrow();
    assertTrue(made.startsWith("m5g90 car, a cat\n"), made);
    Cli wrong = Cli.run("generate", "a cat", "--model", model, "--lora", file + "@x");
    assertEquals(2, wrong.code());
    assertTrue(wrong.err().contains("FILE@STRENGTH"), wrong.err());
  }

  @Test
  void promptsUseTheWordOfAnEmbedding() throws IOException {
    Path embedding = dir.resolve("pet.safetensors");
    Tensor vectors = NoiseSource.torch(1).gaussian(Shape.of(2, 16));
    Safetensors.write(embedding, Map.of("emb_params", vectors), Map.of());
    for (String word : List.of("", "<pet>=")) {
      Path out = dir.resolve("out" + word.length() + ".png");
      Cli generate =
          Cli.run(
              "generate",
              "a <pet>",
              "--model",
              model,
              "--embedding",
              word + embedding,
              "--steps",
              1,
              "--seed",
              1,
              "--out",
              out);
      assertEquals(0, generate.code(), generate.err());
      String json = PngFile.metadata(out).json().orElseThrow();
      assertTrue(json.contains(word.isEmpty() ? "pet at 1.0" : "<pet> at 1.0"), json);
    }
    Cli none = Cli.run("generate", "a cat", "--model", model, "--embedding", dir.resolve("none"));
    assertEquals(1, none.code());
    assertTrue(none.err().contains("no such file"), none.err());
  }
}
