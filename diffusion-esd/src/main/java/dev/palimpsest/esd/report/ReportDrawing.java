package dev.palimpsest.esd.report;

import com.google.common.collect.Lists;
import com.google.common.primitives.Longs;
import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.GeneratedImage;
import dev.palimpsest.GenerationListener;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.SideBySide;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/**
 * Draws a report's pictures.
 *
 * @param request the template of all requests
 * @param batch pictures of a prompt made at once
 * @param workers prompts drawn at once
 */
record ReportDrawing(GenerationRequest request, int batch, Device device, int workers) {

  /** Seeds of a prompt that are drawn in one batch, whichever of them are missing. */
  private record Batch(ReportPrompt prompt, List<Long> seeds) {
    boolean isMissing(Path own) {
      return seeds.stream().anyMatch(seed -> isMissing(own, seed));
    }

    boolean isMissing(Path own, long seed) {
      return !Files.exists(PictureFolder.file(own, prompt.text(), seed));
    }
  }

  /** Counts pictures and tells the listener, one thread at a time. */
  private static final class Counter {
    private final int pictures;
    private final ReportProgress.Listener listener;
    private int done;

    Counter(int pictures, ReportProgress.Listener listener) {
      this.pictures = pictures;
      this.listener = listener;
    }

    synchronized void add(int more, String stack) {
      done += more;
      listener.onProgress(new ReportProgress(done, pictures, stack));
    }
  }

  /** Draws what is missing; one pipeline at a time, and none for a stack that is complete. */
  void draw(
      Map<String, Checkpoint> stacks,
      List<ReportPrompt> prompts,
      PictureFolder folder,
      ReportProgress.Listener listener,
      Cancellation cancellation)
      throws IOException {
    List<Batch> batches = new ArrayList<>();
    for (ReportPrompt prompt : prompts) {
      Lists.partition(prompt.seeds(), batch)
          .forEach(seeds -> batches.add(new Batch(prompt, seeds)));
    }
    int each = batches.stream().mapToInt(one -> one.seeds.size()).sum();
    var counter = new Counter(each * stacks.size(), listener);
    for (Map.Entry<String, Checkpoint> stack : stacks.entrySet()) {
      cancellation.throwIfCancelled();
      Path own = folder.of(stack.getValue().hash());
      List<Batch> missing = batches.stream().filter(one -> one.isMissing(own)).toList();
      int there = each - missing.stream().mapToInt(one -> one.seeds.size()).sum();
      counter.add(there, stack.getKey());
      if (!missing.isEmpty()) {
        draw(stack, missing, own, counter, cancellation);
      }
    }
  }

  private void draw(
      Map.Entry<String, Checkpoint> stack,
      List<Batch> missing,
      Path own,
      Counter counter,
      Cancellation cancellation)
      throws IOException {
    try (DiffusionPipeline pipeline =
        DiffusionPipeline.builder(stack.getValue())
            .device(device)
            .withoutSafetyChecker() // a check would hide what the model draws
            .open()) {
      var tasks = new ArrayList<Callable<Integer>>();
      for (Batch one : missing) {
        tasks.add(
            () -> {
              draw(pipeline, one, own, cancellation);
              counter.add(one.seeds.size(), stack.getKey());
              return one.seeds.size();
            });
      }
      SideBySide.run(workers, tasks);
    }
  }

  private void draw(DiffusionPipeline pipeline, Batch one, Path own, Cancellation cancellation)
      throws IOException {
    List<GeneratedImage> images =
        pipeline
            .generate(
                request.prompt(one.prompt.text()).seeds(Longs.toArray(one.seeds)),
                GenerationListener.NONE,
                cancellation)
            .images();
    for (int i = 0; i < images.size(); i++) {
      long seed = one.seeds.get(i);
      if (one.isMissing(own, seed)) {
        images.get(i).save(PictureFolder.file(own, one.prompt.text(), seed));
      }
    }
  }
}
