package dev.palimpsest.examples.emoji;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.examples.metrics.Logits;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Says what a picture shows and in which style it is drawn. Its ONNX file was trained by {@code
 * train-judge} on all pictures of {@link Emoji64}; JUDGE.md beside it has its accuracy.
 * Thread-safe; whoever opens it closes it.
 */
public final class Judge implements AutoCloseable {
  private final Session session;

  private Judge(Session session) {
    this.session = session;
  }

  /** Opens a judge's ONNX file. */
  public static Judge open(Path model, Device device) throws IOException {
    return new Judge(Session.open(model, device));
  }

  /**
   * What the judge sees.
   *
   * @param subject the index of the subject in {@link Emoji64#subjects()}
   * @param confidence of that subject, in 0..1
   */
  public record Verdict(int subject, Style style, double confidence) {}

  /** What pictures of 64×64 pixels show, one verdict each. */
  public List<Verdict> judge(List<BufferedImage> pictures) {
    var rows = new ArrayList<Tensor>();
    pictures.forEach(picture -> rows.add(Pictures.toTensor(picture)));
    return judge(Tensor.concat(0, rows));
  }

  /**
   * What pictures show.
   *
   * @param pictures float32 [batch, 3, 64, 64] in [-1, 1]
   */
  public List<Verdict> judge(Tensor pictures) {
    Map<String, Tensor> scores = session.run(Map.of(JudgeNetwork.PICTURES, pictures));
    Tensor subjects = requireNonNull(scores.get(JudgeNetwork.SUBJECT));
    Tensor styles = requireNonNull(scores.get(JudgeNetwork.STYLE));
    var verdicts = new ArrayList<Verdict>();
    for (int row = 0; row < subjects.shape().dim(0); row++) {
      Logits logits = Logits.of(subjects, row);
      int subject = logits.largest();
      Style style = Style.values()[Logits.of(styles, row).largest()];
      verdicts.add(new Verdict(subject, style, logits.share(subject)));
    }
    return verdicts;
  }

  @Override
  public void close() {
    session.close();
  }
}
