package dev.palimpsest.esd.report;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.html.HtmlEscapers;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;

/**
 * An HTML page that needs no other file: style inline, pictures as data, no script; it fits phones
 * and desktops, light and dark. One thread.
 */
public final class HtmlPage {
  private static final String STYLE =
      """
      :root{color-scheme:light dark}
      body{font:16px/1.45 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1rem}
      h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
      .wide{overflow-x:auto;margin:1rem 0}table{border-collapse:collapse;width:100%}
      th,td{padding:.35rem .6rem;text-align:left;border-bottom:1px solid #8885;vertical-align:top}
      td small{opacity:.7;white-space:nowrap}
      details{border-bottom:1px solid #8885;padding:.4rem 0}summary{cursor:pointer}
      img{max-width:100%;height:auto}
      figure{margin:1rem 0}figcaption{font-size:.85rem;opacity:.75}
      """;

  private final StringBuilder html = new StringBuilder();

  private HtmlPage() {}

  /**
   * A page that begins with its title.
   *
   * @param style CSS beside that of all pages
   */
  public static HtmlPage of(String title, String style) {
    return new HtmlPage()
        .append("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">")
        .append("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">")
        .append("<title>" + escaped(title) + "</title><style>" + STYLE + style)
        .append("</style></head><body><h1>" + escaped(title) + "</h1>\n");
  }

  /** Adds markup as it is. */
  public HtmlPage append(Object markup) {
    html.append(markup);
    return this;
  }

  public HtmlPage heading(String text) {
    return append("<h2>" + escaped(text) + "</h2>\n");
  }

  public HtmlPage paragraph(String text) {
    return append("<p>" + escaped(text) + "</p>\n");
  }

  /**
   * A table that scrolls where it is wider than the page; its cells are markup, the first of a row
   * is its head.
   */
  public HtmlPage table(List<String> head, List<List<String>> rows) {
    append("<div class=wide><table><tr>");
    head.forEach(cell -> append("<th>" + cell));
    for (List<String> row : rows) {
      checkArgument(row.size() == head.size(), "%s cells below %s", row.size(), head);
      append("\n<tr><th>" + row.get(0));
      row.subList(1, row.size()).forEach(cell -> append("<td>" + cell));
    }
    return append("</table></div>\n");
  }

  /**
   * A picture with a caption, as {@link #jpeg} or {@link #png} gives it; it scrolls where it is
   * wider than the page.
   */
  public HtmlPage figure(String picture, String caption) {
    String text = escaped(caption);
    return append("<figure><img src=\"" + picture + "\" alt=\"" + text + "\">")
        .append("<figcaption>" + text + "</figcaption></figure>\n");
  }

  /** The page so far, closed. */
  public String html() {
    return html + "</body></html>\n";
  }

  /** Text as markup. */
  public static String escaped(String text) {
    return HtmlEscapers.htmlEscaper().escape(text);
  }

  /** A generated picture for {@code src}, exact. */
  public static String png(BufferedImage picture) {
    return data("png", PngFile.encode(picture, PngMetadata.generated()));
  }

  /** A picture for {@code src}, smaller than {@link #png}, without metadata. */
  public static String jpeg(BufferedImage picture) throws IOException {
    var bytes = new ByteArrayOutputStream();
    if (!ImageIO.write(picture, "jpeg", bytes)) {
      throw new IOException("no writer of JPEG takes a picture of type " + picture.getType());
    }
    return data("jpeg", bytes.toByteArray());
  }

  private static String data(String type, byte[] bytes) {
    return "data:image/" + type + ";base64," + Base64.getEncoder().encodeToString(bytes);
  }

  /** A proportion as markup, its interval small. */
  public static String share(Proportion proportion) {
    return String.format(
        Locale.ROOT,
        "%.1f %% <small>%.1f–%.1f, of %d</small>",
        100 * proportion.value(),
        100 * proportion.low(),
        100 * proportion.high(),
        proportion.trials());
  }
}
