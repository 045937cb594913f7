package dev.palimpsest.esd.report;

import dev.palimpsest.image.Pictures;
import dev.palimpsest.image.Resampling;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** A report's result as one HTML page. */
final class ReportHtml {
  /** Pictures of a prompt and stack that are shown. */
  private static final int SHOWN = 5;

  /** The longer side of a picture on the page. */
  private static final int SIDE = 128;

  private static final String STYLE =
      """
      .row{margin:.4rem 0}.row>span{display:block;font-size:.85rem;opacity:.75}
      .row div{display:flex;flex-wrap:wrap;gap:6px}
      .row img{width:72px;border:3px solid #8886;border-radius:4px;box-sizing:border-box}
      .row img.yes{border-color:#2a7de1}
      .key{display:inline-block;width:.8em;height:.8em;border:3px solid #2a7de1;border-radius:3px}
      """;

  private final ReportResult result;
  private final HtmlPage page = HtmlPage.of("Erasure report", STYLE);

  private ReportHtml(ReportResult result) {
    this.result = result;
  }

  static String of(ReportResult result) throws IOException {
    var html = new ReportHtml(result);
    html.summary();
    for (PromptKind kind : PromptKind.values()) {
      html.subjects(kind);
    }
    html.pictures();
    html.how();
    return html.page.html();
  }

  private void summary() {
    page.append("<p>Shares of pictures in which ")
        .append(HtmlPage.escaped(result.scorer()))
        .append(" recognises the subject, with Wilson’s 95 % intervals. The same seeds throughout.")
        .append("</p><div class=wide><table><tr><th>model");
    for (PromptKind kind : PromptKind.values()) {
      page.append("<th>").append(kind.plural());
    }
    page.append("<th>change of unrelated pictures<th>worst concept<th>worst unrelated\n");
    for (StackResult stack : result.stacks()) {
      page.append("<tr><th>").append(HtmlPage.escaped(stack.name()));
      for (PromptKind kind : PromptKind.values()) {
        cell(stack.recognised(kind).map(HtmlPage::share));
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

  private static String change(PictureChange change) {
    return String.format(
        Locale.ROOT, "%.3f <small>largest %.3f</small>", change.mean(), change.largest());
  }

  private static String subject(Map.Entry<String, Proportion> subject) {
    return HtmlPage.escaped(subject.getKey()) + " " + HtmlPage.share(subject.getValue());
  }

  private void subjects(PromptKind kind) {
    var subjects = result.before().subjects(kind).keySet();
    if (subjects.isEmpty()) {
      return;
    }
    page.append("<h2>").append(capital(kind)).append("</h2><div class=wide><table><tr><th>");
    result.stacks().forEach(stack -> page.append("<th>").append(HtmlPage.escaped(stack.name())));
    for (String subject : subjects) {
      page.append("\n<tr><th>").append(HtmlPage.escaped(subject));
      for (StackResult stack : result.stacks()) {
        cell(Optional.ofNullable(stack.subjects(kind).get(subject)).map(HtmlPage::share));
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
          .append(HtmlPage.escaped(prompts.get(i).prompt().text()))
          .append("</summary>");
      for (StackResult stack : result.stacks()) {
        page.append("<div class=row><span>")
            .append(HtmlPage.escaped(stack.name()))
            .append("</span><div>");
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
        .append(recognised ? ", recognised\" src=\"" : "\" src=\"")
        .append(HtmlPage.png(small(picture)))
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
                    .append(HtmlPage.escaped(name))
                    .append("<td>")
                    .append(HtmlPage.escaped(value)));
    for (StackResult stack : result.stacks()) {
      page.append("<tr><th>").append(HtmlPage.escaped(stack.name())).append("<td><small>");
      page.append(HtmlPage.escaped(stack.hash().substring(0, 16))).append("</small>");
      stack.layers().forEach(layer -> page.append("<br>").append(HtmlPage.escaped(layer)));
    }
    page.append("</table></div>\n");
  }
}
