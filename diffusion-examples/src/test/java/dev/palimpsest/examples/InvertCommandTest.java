package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.GenerationListener;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.Reconstruction;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.runtime.Cancellation;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InvertCommandTest {
  private static final String PROMPT = "a flat icon of a fire engine";

  @TempDir private Path dir = Path.of("");

  /** Figures of diffusers 0.42.1 with DDIMInverseScheduler and DDIMScheduler on this model. */
  @Test
  void theErrorsAreThoseOfDiffusers() throws IOException {
    GenerationRequest request = GenerationRequest.of(PROMPT).steps(StarterModel.STEPS);
    try (StarterModel starter = StarterModel.open();
        DiffusionPipeline pipeline = DiffusionPipeline.builder(starter.checkpoint()).open()) {
      BufferedImage picture =
          pipeline
              .generate(request.guidanceScale(StarterModel.GUIDANCE_SCALE).seed(3))
              .first()
              .toBufferedImage();
      Reconstruction reconstruction =
          pipeline.reconstruct(
              pipeline.invert(request.guidanceScale(1).image(picture)),
              GenerationListener.NONE,
              new Cancellation());
      assertEquals(0.0756, reconstruction.latents(), 5e-4);
      assertEquals(0.0182, reconstruction.autoencoder().rootMeanSquare(), 2e-4);
      assertEquals(0.0224, reconstruction.solver().rootMeanSquare(), 2e-4);
      assertEquals(0.0261, reconstruction.total().rootMeanSquare(), 2e-4);
    }
  }

  @Test
  void writesTheReconstructionAndTellsTheErrors() throws IOException {
    Path picture = dir.resolve("engine.png");
    Path out = dir.resolve("again.png");
    assertEquals(
        0, Cli.run("generate", PROMPT, "--steps", 5, "--seed", 3, "--out", picture).code());
    Cli done = Cli.run("invert", picture, "--prompt", PROMPT, "--steps", 5, "--out", out);
    assertEquals(0, done.code(), done::err);
    for (String line : new String[] {"again.png: 64x64", "autoencoder alone", "PSNR", "latents"}) {
      assertTrue(done.out().contains(line), done::out);
    }
    assertEquals(64, Pictures.read(out).getWidth());
  }

  @Test
  void whatIsWrongIsToldInALine() {
    Cli missing = Cli.run("invert", dir.resolve("none.png"));
    assertEquals(1, missing.code());
    assertTrue(missing.err().contains("no such file"), missing::err);
    Cli steps = Cli.run("invert", dir.resolve("none.png"), "--steps", 0);
    assertEquals(2, steps.code());
    assertTrue(steps.err().contains("--steps must be > 0, was 0"), steps::err);
  }
}
