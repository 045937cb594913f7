package dev.palimpsest.examples;

import dev.palimpsest.examples.emoji.Judge;
import dev.palimpsest.runtime.Device;
import java.io.IOException;
import java.util.List;

/**
 * The judge that ships in this jar and that all studies of the starter model score with. It is
 * frozen: {@code judge/JUDGE.md} has its hash, how it was made and how often it is right. Its files
 * are put into a temporary folder, which is deleted on close.
 */
final class StarterJudge implements AutoCloseable {
  /** The ONNX file and its weights. */
  static final List<String> FILES = List.of("judge/judge.onnx", "judge/judge.onnx_data");

  private final TemporaryFolder folder;
  private final Judge judge;

  private StarterJudge(TemporaryFolder folder, Judge judge) {
    this.folder = folder;
    this.judge = judge;
  }

  static StarterJudge open(Device device) throws IOException {
    TemporaryFolder folder = TemporaryFolder.create();
    try {
      folder.extract(StarterJudge.class, FILES);
      return new StarterJudge(folder, Judge.open(folder.path().resolve(FILES.get(0)), device));
    } catch (IOException | RuntimeException e) {
      folder.close();
      throw e;
    }
  }

  /** Closed with this. */
  Judge judge() {
    return judge;
  }

  @Override
  public void close() {
    judge.close();
    folder.close();
  }
}
