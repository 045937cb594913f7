package dev.palimpsest.esd.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class HtmlPageTest {
  @Test
  void textIsEscapedAndMarkupIsNot() {
    String html =
        HtmlPage.of("a < b", "")
            .heading("c & d")
            .paragraph("<e>")
            .table(List.of("", "f"), List.of(List.of("<b>g</b>", "h")))
            .html();
    assertTrue(html.contains("<h1>a &lt; b</h1>") && html.contains("<h2>c &amp; d</h2>"), html);
    assertTrue(html.contains("<p>&lt;e&gt;</p>") && html.contains("<th><b>g</b><td>h"), html);
    assertTrue(html.endsWith("</body></html>\n"));
  }

  @Test
  void rowsHaveTheCellsOfTheHead() {
    HtmlPage page = HtmlPage.of("a", "");
    assertThrows(
        IllegalArgumentException.class, () -> page.table(List.of("a", "b"), List.of(List.of("c"))));
  }

  @Test
  void picturesArePartOfThePage() throws IOException {
    var picture = new BufferedImage(5, 3, BufferedImage.TYPE_INT_RGB);
    for (String data : List.of(HtmlPage.jpeg(picture), HtmlPage.png(picture))) {
      byte[] bytes = Base64.getDecoder().decode(data.substring(data.indexOf(',') + 1));
      assertEquals(5, ImageIO.read(new ByteArrayInputStream(bytes)).getWidth());
    }
  }
}
