package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.image.Pictures;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LossPlotCommandTest {
  @TempDir private Path folder = Path.of(".");

  @Test
  void drawsCurvesOverEachOther() throws IOException {
    Path a = Files.writeString(folder.resolve("a.csv"), "step,loss\n1,8\n2,4\n3,2\n4,2.5\n");
    Path b = Files.writeString(folder.resolve("b.csv"), "step,loss\n1,6\n2,4\n3,3\n4,2\n");
    Path png = folder.resolve("plot.png");
    Cli done = Cli.run("loss-plot", "--stretch", 2, png, "ours=" + a, "torch=" + b);
    assertEquals(0, done.code(), done::err);
    assertEquals(
        String.format(
            "ours: last 10 points 4.12500%n"
                + "torch: last 10 points 3.75000, 0.45 standard errors from ours%n"),
        done.out());
    BufferedImage plot = Pictures.read(png);
    assertEquals(900, plot.getWidth());
    assertTrue(plot.getHeight() > 300);
  }

  @Test
  void aTableWithoutLosses() throws IOException {
    Path a = Files.writeString(folder.resolve("a.csv"), "step,error\n1,8\n2,4\n");
    Path png = folder.resolve("plot.png");
    Cli failed = Cli.run("loss-plot", png, "a=" + a);
    assertEquals(1, failed.code());
    assertTrue(failed.err().contains(a + ": needs the columns step and loss"), failed::err);
    assertTrue(Files.notExists(png));
  }
}
