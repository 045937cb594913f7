package dev.palimpsest.examples.car.study;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.examples.car.Paint;
import dev.palimpsest.examples.emoji.Emoji64;
import dev.palimpsest.examples.emoji.JudgeNetwork;
import dev.palimpsest.examples.metrics.Logits;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Say what pictures show: the paint by pixel statistics, all else by a network that was trained on
 * renders. Thread-safe; whoever opens them closes them.
 */
final class CarJudges implements AutoCloseable {
  private static final int BATCH = 32;

  private final PaintJudge paint;
  private final Session network;

  private CarJudges(PaintJudge paint, Session network) {
    this.paint = paint;
    this.network = network;
  }

  /** Opens judges of a network's weights; the paint's is calibrated on the renders. */
  static CarJudges open(RenderData renders, Weights weights, Device device) throws IOException {
    PaintJudge paint = PaintJudge.calibrate(samples(renders.shown()));
    return new CarJudges(paint, Session.open(CarJudgeTraining.network(), weights::get, device));
  }

  /** Renders of saloons as squares of the judges' size with their paint. */
  static List<PaintJudge.Sample> samples(List<LabelledRender> renders) throws IOException {
    var samples = new ArrayList<PaintJudge.Sample>();
    for (LabelledRender render : renders) {
      String words = requireNonNull(render.labels().get(Question.PAINT.parameter()));
      Paint paint = Paint.values()[Question.PAINT.answers().indexOf(words)];
      samples.add(new PaintJudge.Sample(render.square(Emoji64.SIZE), paint));
    }
    return samples;
  }

  /** What pictures of any size show, in order. */
  List<Seen> look(List<BufferedImage> pictures) {
    var seen = new ArrayList<Seen>();
    for (int from = 0; from < pictures.size(); from += BATCH) {
      seen.addAll(batch(pictures.subList(from, Math.min(from + BATCH, pictures.size()))));
    }
    return seen;
  }

  private List<Seen> batch(List<BufferedImage> pictures) {
    var squares = new ArrayList<BufferedImage>();
    var rows = new ArrayList<Tensor>();
    for (BufferedImage picture : pictures) {
      BufferedImage square = LabelledRender.square(picture, Emoji64.SIZE);
      squares.add(square);
      rows.add(Pictures.toTensor(square));
    }
    Map<String, Tensor> out = network.run(Map.of(JudgeNetwork.PICTURES, Tensor.concat(0, rows)));
    var seen = new ArrayList<Seen>();
    for (int row = 0; row < squares.size(); row++) {
      seen.add(seen(squares.get(row), out, row));
    }
    return seen;
  }

  private Seen seen(BufferedImage square, Map<String, Tensor> out, int row) {
    Map<Question, String> answers = new EnumMap<>(Question.class);
    answers.put(Question.PAINT, paint.paint(square).words());
    for (Question question : Question.ofNetwork()) {
      answers.put(question, question.answers().get(logits(out, question, row).largest()));
    }
    Logits makes = logits(out, Question.MAKE, row);
    return new Seen(
        answers,
        makes.share(makes.largest()),
        requireNonNull(out.get(CarJudgeTraining.FEATURES)).rows(row, row + 1));
  }

  private static Logits logits(Map<String, Tensor> out, Question question, int row) {
    return Logits.of(requireNonNull(out.get(question.parameter())), row);
  }

  @Override
  public void close() {
    network.close();
  }
}
