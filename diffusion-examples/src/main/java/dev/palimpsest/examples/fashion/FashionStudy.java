package dev.palimpsest.examples.fashion;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.google.common.base.Stopwatch;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.errors.CancelledException;
import dev.palimpsest.examples.StudyListener;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.TrainingResult;
import dev.palimpsest.training.TrainingRun;
import dev.palimpsest.training.TrainingRunBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * A study in a folder: trains the network and the classifier, each resumable, then judges what the
 * network generates. The folder holds {@code study.json} (the settings), {@code initial} and {@code
 * model} (the network before and after, in diffusers' layout), {@code training} and {@code
 * classifier} (the runs), {@code samples.png}, {@code held-out.png} and {@code results.json}.
 */
public final class FashionStudy {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final StudySettings settings;
  private final FashionMnist data;
  private final Path folder;
  private final Device device;
  private final StudyListener progress;
  private final Cancellation cancellation;

  public FashionStudy(
      StudySettings settings,
      FashionMnist data,
      Path folder,
      Device device,
      StudyListener progress,
      Cancellation cancellation) {
    this.settings = settings;
    this.data = data;
    this.folder = folder;
    this.device = device;
    this.progress = progress;
    this.cancellation = cancellation;
  }

  /** The network after its training; trains what of it is left to train. */
  public Checkpoint train() throws IOException {
    UNetTraining training = settings.training();
    Files.createDirectories(folder);
    TrainingResult result;
    try (var run = open("training", training.run(data.train()))) {
      write("study.json", settings.asMap());
      Checkpoint initial = save("initial", training.initial());
      progress.say(
          String.format(
              "A network of %,d weights, %d steps of %d pictures.",
              initial.parameters(), training.steps(), training.batch()));
      result = finish(run, "training");
    }
    return save("model", result.best());
  }

  /** A checkpoint in the study's folder; settings decide what is in it, so one there is kept. */
  private Checkpoint save(String name, Weights weights) throws IOException {
    Path path = folder.resolve(name);
    if (!Files.exists(path)) {
      settings.training().network().checkpoint(weights).save(path);
    }
    return Checkpoint.read(path);
  }

  private TrainingRun open(String name, TrainingRunBuilder builder) throws IOException {
    return builder.device(device).open(folder.resolve(name));
  }

  private TrainingResult finish(TrainingRun run, String name) throws IOException {
    progress.begin(name, run.steps() - run.step());
    TrainingResult result = run.train(progress.training(), cancellation);
    if (!result.finished()) {
      throw new CancelledException(
          name + " was cancelled after " + result.step() + " steps; the same command resumes it");
    }
    return result;
  }

  /** Judges a network and writes what it found; trains what of the classifier is left to train. */
  public Map<String, Object> judge(Checkpoint checkpoint) throws IOException {
    Map<String, Object> results = new LinkedHashMap<>();
    results.put("settings", settings.asMap());
    results.put("parameters", checkpoint.parameters());
    try (var classifier = classifier()) {
      int[] all = IntStream.range(0, data.test().count()).toArray();
      results.put(
          "classifier_test_accuracy",
          classifier.look(data.test().floats(all)).accuracy(data.test().labels(all)));
      results.put("bound", bound(checkpoint));
      compare(checkpoint, classifier, results);
    }
    write("results.json", results);
    return results;
  }

  private void compare(
      Checkpoint checkpoint, FeatureClassifier classifier, Map<String, Object> results)
      throws IOException {
    int classes = FashionMnist.CLASSES.size();
    int[] chosen = data.test().balanced(classes, settings.perClass());
    Tensor labels = data.test().labels(chosen);
    Tensor heldOut = data.test().floats(chosen);
    Tensor trained = data.train().floats(data.train().balanced(classes, settings.perClass()));
    Stopwatch watch = Stopwatch.createStarted();
    Tensor generated = generate(checkpoint);
    results.put("sampling_seconds", watch.elapsed(TimeUnit.MILLISECONDS) / 1e3);
    PictureSheet.write(folder.resolve("samples.png"), generated, settings.perClass());
    PictureSheet.write(folder.resolve("held-out.png"), heldOut, settings.perClass());
    Map<String, Tensor> sets =
        Map.of("generated", generated, "training_pictures", trained, "held_out", heldOut);
    for (String name : List.of("generated", "training_pictures", "held_out")) {
      Tensor pictures = requireNonNull(sets.get(name));
      results.put(name, Comparison.of(classifier, heldOut, pictures, labels).asMap());
    }
  }

  private FeatureClassifier classifier() throws IOException {
    UNetTraining training = settings.training();
    TrainingRunBuilder builder =
        FeatureClassifier.training(
            data.train(), settings.classifierSteps(), training.batch(), training.seed());
    try (var run = open("classifier", builder)) {
      TrainingResult result = finish(run, "classifier");
      return FeatureClassifier.open(data.test().width(), result.best(), device);
    }
  }

  private Tensor generate(Checkpoint checkpoint) throws IOException {
    var sampler =
        new PictureSampler(
            settings.perClass(), settings.samplingSteps(), settings.training().seed());
    progress.begin("drawing", sampler.solverSteps());
    return sampler.generate(checkpoint, device, progress::step, cancellation);
  }

  private Map<String, Object> bound(Checkpoint checkpoint) {
    var study = new BoundStudy(checkpoint, settings.fineness());
    int tested = Math.min(settings.tested(), data.test().count());
    progress.begin("bounds", study.evaluations(tested));
    Stopwatch watch = Stopwatch.createStarted();
    BoundStudy.Result result =
        study.evaluate(
            data.test(),
            IntStream.range(0, tested).toArray(),
            device,
            settings.training().seed(),
            progress::step,
            cancellation);
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("pictures", result.pictures());
    map.put("dimensions", result.dimensions());
    map.put("bits_per_dim", result.total());
    result.standardError().ifPresent(error -> map.put("standard_error", error));
    map.put("prior", result.prior());
    map.put("transitions", result.transitions());
    map.put("decoder", result.decoder());
    map.put("simple_loss", result.simple());
    map.put("seconds", watch.elapsed(TimeUnit.MILLISECONDS) / 1e3);
    return map;
  }

  private void write(String name, Map<String, Object> fields) throws IOException {
    Path file = folder.resolve(name);
    Path fresh = file.resolveSibling("." + requireNonNull(file.getFileName()));
    JSON.writeValue(fresh.toFile(), fields);
    Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
  }
}
