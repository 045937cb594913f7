package dev.palimpsest.examples.car.study;

import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.GenerationListener;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.examples.StarterModel;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.SideBySide;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * Draws pictures into files; those that are there are not drawn again. Of a small model a picture a
 * core goes faster than all cores on a picture.
 */
record Gallery(StudyRun study) {
  private static final int HASH = 16;

  /** The pictures of a checkpoint, in order; they lie in a folder of its hash. */
  List<BufferedImage> draw(Checkpoint checkpoint, List<Asked> asked) throws IOException {
    List<Path> files = files(checkpoint, asked);
    if (!files.stream().allMatch(Files::exists)) {
      try (DiffusionPipeline pipeline =
          DiffusionPipeline.builder(checkpoint).device(Device.cpu(1)).open()) {
        draw(pipeline, asked, folder(checkpoint));
      }
    }
    var pictures = new ArrayList<BufferedImage>();
    for (Path file : files) {
      pictures.add(Pictures.read(file));
    }
    return pictures;
  }

  /** Where the pictures of a checkpoint are or will be. */
  List<Path> files(Checkpoint checkpoint, List<Asked> asked) throws IOException {
    Path folder = folder(checkpoint);
    return asked.stream().map(one -> folder.resolve(one.file())).toList();
  }

  private Path folder(Checkpoint checkpoint) throws IOException {
    String hash = checkpoint.hash().substring(0, HASH);
    return Files.createDirectories(study.folder().of("pictures").resolve(hash));
  }

  /** Draws what is missing in a folder. */
  void draw(DiffusionPipeline pipeline, List<Asked> asked, Path folder) throws IOException {
    var tasks = new ArrayList<Callable<Boolean>>();
    for (Asked one : new LinkedHashSet<>(asked)) {
      Path file = folder.resolve(one.file());
      if (!Files.exists(file)) {
        tasks.add(() -> draw(pipeline, one, file));
      }
    }
    study.listener().begin("drawing", tasks.size());
    SideBySide.run(study.workers(), tasks);
  }

  private boolean draw(DiffusionPipeline pipeline, Asked one, Path file) throws IOException {
    pipeline
        .generate(request(one), GenerationListener.NONE, study.cancellation())
        .first()
        .save(file);
    study.listener().step();
    return true;
  }

  /** How the study asks for a picture. */
  GenerationRequest request(Asked one) {
    return GenerationRequest.of(one.prompt())
        .size(one.width(), one.height())
        .seed(one.seed())
        .steps(study.plan().pictures().steps())
        .guidanceScale(StarterModel.GUIDANCE_SCALE);
  }
}
