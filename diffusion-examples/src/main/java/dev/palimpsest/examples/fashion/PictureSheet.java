package dev.palimpsest.examples.fashion;

import dev.palimpsest.image.ContactSheet;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Some pictures of each class, a column a class. */
final class PictureSheet {
  private static final int ROWS = 10;
  private static final int MAGNIFICATION = 2;

  private PictureSheet() {}

  /**
   * Writes a sheet.
   *
   * @param pictures float32 [pictures, 1, height, width] in [-1, 1], class by class
   */
  static void write(Path png, Tensor pictures, int perClass) throws IOException {
    List<BufferedImage> all = Pictures.fromTensor(pictures);
    int classes = FashionMnist.CLASSES.size();
    List<BufferedImage> cells = new ArrayList<>();
    for (int row = 0; row < Math.min(ROWS, perClass); row++) {
      for (int label = 0; label < classes; label++) {
        cells.add(magnified(all.get(label * perClass + row)));
      }
    }
    PngFile.write(png, ContactSheet.of(cells, classes).draw(), PngMetadata.none());
  }

  private static BufferedImage magnified(BufferedImage picture) {
    int width = MAGNIFICATION * picture.getWidth();
    int height = MAGNIFICATION * picture.getHeight();
    var large = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    var graphics = large.createGraphics();
    graphics.drawImage(picture, 0, 0, width, height, null); // pixels are repeated
    graphics.dispose();
    return large;
  }
}
