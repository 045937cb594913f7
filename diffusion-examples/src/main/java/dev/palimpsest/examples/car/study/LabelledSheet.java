package dev.palimpsest.examples.car.study;

import dev.palimpsest.examples.StudyListener;
import dev.palimpsest.image.ContactSheet;
import java.awt.image.BufferedImage;
import java.util.List;

/**
 * A contact sheet with labels, or without where Java has no font, which is said then.
 *
 * @param name for people
 */
record LabelledSheet(String name, List<String> rows, List<String> columns) {

  /**
   * @param cells of one size, row by row
   */
  BufferedImage draw(List<BufferedImage> cells, StudyListener listener) {
    ContactSheet plain = ContactSheet.of(cells, columns.size());
    try {
      return plain.columnLabels(columns).rowLabels(rows).draw();
    } catch (IllegalStateException noFont) {
      listener.say("sheet " + name + " has no labels: " + noFont.getMessage());
      return plain.draw();
    }
  }
}
