package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.palimpsest.GoldenFolder;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import dev.palimpsest.likelihood.BitsPerDim;
import dev.palimpsest.likelihood.StepTerm;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LikelihoodCommandTest {
  @TempDir private Path dir = Path.of("");

  private Path picture = Path.of("");

  @BeforeEach
  void draw() throws IOException {
    var image = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 256; i++) {
      image.setRGB(i % 16, i / 16, 0x010101 * i);
    }
    picture = dir.resolve("grey.png");
    PngFile.write(picture, image, PngMetadata.none());
  }

  private static Path model(String name) {
    return GoldenFolder.of("/conformance.zip").resolve("pipelines").resolve(name);
  }

  private Cli run(Object... more) {
    var words = new ArrayList<Object>(List.of("likelihood", picture, "--model", model("ddpm")));
    words.addAll(List.of(more));
    return Cli.run(words.toArray());
  }

  @Test
  void theTableSaysTheTerms() throws IOException {
    Path csv = dir.resolve("terms.csv");
    Path plot = dir.resolve("terms.png");
    Cli done = run("--respacing", 20, "--csv", csv, "--plot", plot);
    assertEquals(0, done.code(), done::err);
    assertEquals("", done.err());
    assertTrue(done.out().contains("16x16, 768 dimensions, 20 steps"), done::out);
    for (String line : List.of("prior", "transitions", "decoder", "total", "19 .. 16", "3 .. 2")) {
      assertTrue(done.out().contains("  " + line + " "), done::out);
    }
    assertTrue(done.out().contains("20 evaluations in "), done::out);
    List<String> lines = Files.readAllLines(csv);
    assertEquals(21, lines.size());
    assertEquals("step,timestep,bits,simple,denoised_error,epsilon_error", lines.get(0));
    assertTrue(lines.get(1).startsWith("19,999,") && lines.get(20).startsWith("0,0,"));
    assertEquals(1200, Pictures.read(plot).getWidth());
  }

  @Test
  void jsonAddsUp() throws IOException {
    Cli done = run("--strata", 4, "--draws", 3, "--json", "--seed", 5, "--cdf", "erf");
    assertEquals(0, done.code(), done::err);
    JsonNode json = new ObjectMapper().readTree(done.out());
    double sum = json.path("prior").asDouble() + json.path("transitions").asDouble();
    assertEquals(sum + json.path("decoder").asDouble(), json.path("bits_per_dim").asDouble(), 1e-9);
    assertTrue(json.path("standard_error").asDouble() > 0);
    assertEquals(15, json.path("terms").size());
    assertTrue(json.path("terms").get(0).has("denoised_error"));
    assertEquals(1000, json.path("steps").asInt());
    assertEquals(
        done.out(), run("--strata", 4, "--draws", 3, "--json", "--seed", 5, "--cdf", "erf").out());
  }

  @Test
  void picturesAreResizedWhereAsked() {
    Cli done = run("--respacing", 2, "--size", "8");
    assertEquals(0, done.code(), done::err);
    assertTrue(done.out().contains("8x8, 192 dimensions, 2 steps"), done::out);
  }

  @Test
  void thePlotShowsTermsAndDecoder() {
    List<StepTerm> terms =
        IntStream.range(0, 50)
            .mapToObj(i -> 49 - i)
            .map(t -> new StepTerm(t, t, t == 20 ? 0 : 1.0 / (t + 1), 0, 0, 0))
            .toList();
    var bits = new BitsPerDim(1, 50, 0, 2, 1, OptionalDouble.of(0.1), terms);
    BufferedImage plot = new LikelihoodPlot("title", bits).draw();
    var colours = new TreeSet<Integer>();
    for (int y = 0; y < plot.getHeight(); y++) {
      for (int x = 0; x < 1000; x++) { // left of the legend
        colours.add(plot.getRGB(x, y) & 0xffffff);
      }
    }
    assertTrue(colours.containsAll(List.of(0x1f5fa8, 0xd9822b, 0xffffff)));
  }

  @Test
  void whatIsWrongIsSaid() {
    Cli latents = Cli.run("likelihood", picture, "--model", model("sd"));
    assertEquals(1, latents.code());
    assertTrue(latents.err().contains("latents"), latents::err);
    assertEquals(2, Cli.run("likelihood", picture).code());
    assertEquals(2, run("--strata", 1000).code());
    assertEquals(2, run("--strata", -1).code());
    assertEquals(2, run("--draws", 0).code());
    assertEquals(2, run("--respacing", "ddim999").code());
    assertEquals(2, run("--class", 1).code());
    Cli missing = Cli.run("likelihood", dir.resolve("no.png"), "--model", model("ddpm"));
    assertEquals(1, missing.code());
    assertTrue(missing.err().toLowerCase(Locale.ROOT).contains("no such file"), missing::err);
    Cli nowhere = run("--plot", dir.resolve("no/terms.png"));
    assertEquals(1, nowhere.code());
    assertTrue(nowhere.err().contains("there is no folder"), nowhere::err);
    assertFalse(Files.exists(dir.resolve("no")));
  }
}
