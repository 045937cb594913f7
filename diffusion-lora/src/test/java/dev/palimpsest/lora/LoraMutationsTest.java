package dev.palimpsest.lora;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.TestModels;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.SafetensorsMutations;
import dev.palimpsest.errors.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Damaged files of all formats are read or refused by a typed error, nothing else. */
class LoraMutationsTest {
  private static final Checkpoint CHECKPOINT = TestModels.checkpoint(7);
  private static final List<byte[]> ORIGINALS = new ArrayList<>();
  private static Path temp = Path.of("");

  @BeforeContainer
  static void write() throws IOException {
    temp = Files.createTempDirectory("lora-mutations");
    for (LoraFormat format : LoraFormat.values()) {
      Path file = temp.resolve("original.safetensors");
      Loras.noise(CHECKPOINT, Loras.Kind.DORA, 3, path -> path.contains("mid_block.attentions"))
          .save(file, format);
      ORIGINALS.add(Files.readAllBytes(file));
      Files.delete(file);
    }
  }

  @AfterContainer
  static void delete() throws IOException {
    Files.deleteIfExists(temp.resolve("mutant.safetensors"));
    Files.delete(temp);
  }

  @Property(tries = 100)
  void mutantsAreReadOrRefused(@ForAll long seed) throws IOException {
    read(seed);
  }

  @Tag("slow")
  @Property(tries = 100_000)
  void manyMutantsAreReadOrRefused(@ForAll long seed) throws IOException {
    read(seed);
  }

  private static void read(long seed) throws IOException {
    var random = new SplittableRandom(seed);
    Path file = temp.resolve("mutant.safetensors");
    byte[] original = ORIGINALS.get(random.nextInt(ORIGINALS.size()));
    Files.write(file, SafetensorsMutations.mutated(original, random));
    try {
      LoraReading reading = Lora.readLenient(file);
      reading.lora().modules().values().forEach(module -> assertTrue(module.rank() > 0));
      CHECKPOINT.with(reading.lora().at(0.5));
    } catch (CheckpointException e) {
      assertTrue(e.toString().contains("mutant"), e.toString());
    } catch (IllegalArgumentException e) { // of a readable LoRA that fits another model
      assertTrue(e.toString().contains("does not fit"), e.toString());
    }
  }
}
