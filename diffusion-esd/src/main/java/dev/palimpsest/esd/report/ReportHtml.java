package dev.palimpsest.esd.report;

import com.google.common.html.HtmlEscapers;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import dev.palimpsest.image.Resampling;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** A report's result as one HTML page: style inline, pictures as data, no script. */
final class ReportHtml {
  /** Pictures of a prompt and stack that are shown. */
  private static final int SHOWN = 5;

  /** The longer side of a picture on the page. */
  private static final int SIDE = 128;

  private static final String STYLE =
      """
      :root{color-scheme:light dark}
      body{font:16px/1.45 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1rem}
      h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
      .wide{overflow-x:auto}table{border-collapse:collapse;width:100%}
      th,td{padding:.35rem .6rem;text-align:left;border-bottom:1px solid #8885;vertical-align:top}
      td small{opacity:.7;white-space:nowrap}
      details{border-bottom:1px solid #8885;padding:.4rem 0}summary{cursor:pointer}
      .row{margin:.4rem 0}.row>span{display:block;font-size:.85rem;opacity:.75}
      .row div{display:flex;flex-wrap:wrap;gap:6px}
      img{width:72px;height:auto;border:3px solid #8886;border-radius:4px;box-sizing:border-box}
      img.yes{border-color:#2a7de1}
      .key{display:inline-block;width:.8em;height:.8em;border:3px solid #2a7de1;border-radius:3px}
      """;

  private final ReportResult result;
  private final StringBuilder page = new StringBuilder();

  private ReportHtml(ReportResult result) {
    this.result = result;
  }

  static String of(ReportResult result) throws IOException {
    var html = new ReportHtml(result);
    html.head();
    html.summary();
    for (PromptKind kind : PromptKind.values()) {
      html.subjects(kind);
    }
    html.pictures();
    html.how();
    return html.page.append("</body></html>\n").toString();
  }

  private void head() {
    page.append("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">")
        .append("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">")
        .append("<title>Erasure report</title><style>")
        .append(STYLE)
        .append("</style></head><body><h1>Erasure report</h1>\n");
  }

  private void summary() {
    page.append("<p>Shares of pictures in which ")
        .append(escaped(result.scorer()))
        .append(" recognises the subject, with Wilson’s 95 % intervals. The same seeds throughout.")
        .append("</p><div class=wide><table><tr><th>model");
    for (PromptKind kind : PromptKind.values()) {
      page.append("<th>").append(kind.plural());
    }
    page.append("<th>change of unrelated pictures<th>worst concept<th>worst unrelated\n");
    for (StackResult stack : result.stacks()) {
      page.append("<tr><th>").append(escaped(stack.name()));
      for (PromptKind kind : PromptKind.values()) {
        cell(stack.recognised(kind).map(ReportHtml::share));
      }
      cell(stack.change().map(ReportHtml::change));
      cell(stack.worstConcept().map(ReportHtml::subject));
      boolean first = stack == result.before();
      cell(
          first
              ? Optional.empty()
              : stack.worstUnrelated(result.before()).map(ReportHtml::subject));
    }
    page.append("</table></div>\n");
  }

  private void cell(Optional<String> html) {
    page.append("<td>").append(html.orElse("–"));
  }

  private static String share(Proportion proportion) {
    return String.format(
        Locale.ROOT,
        "%.1f %% <small>%.1f–%.1f, of %d</small>",
        100 * proportion.value(),
        100 * proportion.low(),
        100 * proportion.high(),
        proportion.trials());
  }

  private static String change(PictureChange change) {
    return String.format(
        Locale.ROOT, "%.3f <small>largest %.3f</small>", change.mean(), change.largest());
  }

  private static String subject(Map.Entry<String, Proportion> subject) {
    return escaped(subject.getKey()) + " " + share(subject.getValue());
  }

  private void subjects(PromptKind kind) {
    var subjects = result.before().subjects(kind).keySet();
    if (subjects.isEmpty()) {
      return;
    }
    page.append("<h2>").append(capital(kind)).append("</h2><div class=wide><table><tr><th>");
    result.stacks().forEach(stack -> page.append("<th>").append(escaped(stack.name())));
    for (String subject : subjects) {
      page.append("\n<tr><th>").append(escaped(subject));
      for (StackResult stack : result.stacks()) {
        cell(Optional.ofNullable(stack.subjects(kind).get(subject)).map(ReportHtml::share));
      }
    }
    page.append("</table></div>\n");
  }

  private static String capital(PromptKind kind) {
    return kind.plural().substring(0, 1).toUpperCase(Locale.ROOT) + kind.plural().substring(1);
  }

  private void pictures() throws IOException {
    page.append("<h2>Pictures</h2><p>The first seeds of each prompt; a frame like this ")
        .append("<span class=key></span> says that the subject is recognised.</p>\n");
    List<PromptResult> prompts = result.before().prompts();
    for (int i = 0; i < prompts.size(); i++) {
      boolean open = prompts.get(i).prompt().kind() == PromptKind.CONCEPT;
      page.append(open ? "<details open><summary>" : "<details><summary>")
          .append(escaped(prompts.get(i).prompt().text()))
          .append("</summary>");
      for (StackResult stack : result.stacks()) {
        page.append("<div class=row><span>").append(escaped(stack.name())).append("</span><div>");
        List<PromptResult.ScoredPicture> shown = stack.prompts().get(i).pictures();
        for (PromptResult.ScoredPicture one : shown.subList(0, Math.min(SHOWN, shown.size()))) {
          picture(one);
        }
        page.append("</div></div>");
      }
      page.append("</details>\n");
    }
  }

  private void picture(PromptResult.ScoredPicture picture) throws IOException {
    boolean recognised = picture.score().recognised();
    page.append(recognised ? "<img class=yes alt=\"seed " : "<img alt=\"seed ")
        .append(picture.seed())
        .append(
            recognised
                ? ", recognised\" src=\"data:image/png;base64,"
                : "\" src=\"data:image/png;base64,")
        .append(
            Base64.getEncoder()
                .encodeToString(PngFile.encode(small(picture), PngMetadata.generated())))
        .append("\">");
  }

  private static BufferedImage small(PromptResult.ScoredPicture picture) throws IOException {
    BufferedImage whole = Pictures.read(picture.file());
    double scale = (double) SIDE / Math.max(whole.getWidth(), whole.getHeight());
    return scale >= 1
        ? whole
        : Resampling.LANCZOS.resize(
            whole,
            Math.max(1, (int) Math.round(scale * whole.getWidth())),
            Math.max(1, (int) Math.round(scale * whole.getHeight())));
  }

  private void how() {
    page.append("<h2>How the pictures were made</h2><div class=wide><table>");
    result
        .settings()
        .forEach(
            (name, value) ->
                page.append("<tr><th>")
                    .append(escaped(name))
                    .append("<td>")
                    .append(escaped(value)));
    for (StackResult stack : result.stacks()) {
      page.append("<tr><th>").append(escaped(stack.name())).append("<td><small>");
      page.append(escaped(stack.hash().substring(0, 16))).append("</small>");
      stack.layers().forEach(layer -> page.append("<br>").append(escaped(layer)));
    }
    page.append("</table></div>\n");
  }

  private static String escaped(String text) {
    return HtmlEscapers.htmlEscaper().escape(text);
  }
}
