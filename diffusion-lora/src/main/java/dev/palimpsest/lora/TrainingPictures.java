package dev.palimpsest.lora;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.lora.ImageFolder.Picture;
import dev.palimpsest.training.SeededStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The pictures of a training in their buckets, encoded. Immutable. */
final class TrainingPictures {
  /**
   * A picture in a bucket.
   *
   * @param captions what becomes of its caption
   * @param weight of its loss
   * @param prior whether it shows what the model knows, and not what is learned
   * @param views the cached latents, which take turns
   */
  record Item(
      Picture picture,
      Captions captions,
      double weight,
      boolean prior,
      List<LatentCache.Entry> views) {}

  private final List<Bucket> buckets;
  private final List<List<Item>> items;

  private TrainingPictures(Map<Bucket, List<Item>> sorted) {
    this.buckets = List.copyOf(sorted.keySet());
    this.items = sorted.values().stream().map(List::copyOf).collect(Collectors.toList());
  }

  /**
   * A folder of pictures and how they are shown.
   *
   * @param prior whether they show what the model knows
   * @param repeats how often each is in a round, so that two sets of different sizes are shown
   *     equally often
   */
  record Source(ImageFolder folder, Captions captions, double weight, boolean prior, int repeats) {}

  /**
   * Sorts and encodes pictures.
   *
   * @throws CheckpointException if pictures cannot be read; all of them are named
   */
  static TrainingPictures encode(
      List<Source> sources, List<List<Bucket>> targets, Crops crops, long seed, LatentCache cache)
      throws IOException {
    Map<Bucket, List<Item>> sorted = new TreeMap<>(Bucket.ORDER);
    try (LatentCache.Encoder encoder = cache.encoder()) {
      for (Source source : sources) {
        var problems = new ArrayList<String>();
        for (Picture picture : source.folder.pictures()) {
          try {
            add(sorted, source, picture, targets, crops, seed, cache, encoder);
          } catch (CheckpointException e) {
            problems.add(String.valueOf(e.getMessage()));
          }
        }
        ImageFolder.check(source.folder.folder(), problems);
      }
    }
    return new TrainingPictures(sorted);
  }

  private static void add(
      Map<Bucket, List<Item>> sorted,
      Source source,
      Picture picture,
      List<List<Bucket>> targets,
      Crops crops,
      long seed,
      LatentCache cache,
      LatentCache.Encoder encoder)
      throws IOException {
    String hash = LatentCache.hash(picture.file());
    for (List<Bucket> sizes : targets) {
      Bucket bucket = Bucket.nearest(sizes, picture.width(), picture.height());
      List<LatentCache.Entry> views = new ArrayList<>();
      for (int i = 0; i < crops.views(); i++) {
        SeededStream random = SeededStream.of(seed, "view of " + hash + " in " + bucket, i);
        Crops.View view = crops.view(picture.width(), picture.height(), bucket, random);
        views.add(new LatentCache.Entry(picture, bucket, view, cache.file(hash, bucket, view)));
      }
      cache.fill(views, source.folder.maxPixels(), encoder);
      Item item =
          new Item(picture, source.captions, source.weight, source.prior, List.copyOf(views));
      for (int i = 0; i < source.repeats; i++) {
        sorted.computeIfAbsent(bucket, size -> new ArrayList<>()).add(item);
      }
    }
  }

  /** The sizes, each once, smallest first. */
  List<Bucket> buckets() {
    return buckets;
  }

  /** The items in a bucket. */
  List<Item> items(int bucket) {
    return items.get(bucket);
  }

  /** The numbers of items in the buckets. */
  int[] sizes() {
    return items.stream().mapToInt(List::size).toArray();
  }

  /** What tells these pictures from others: the latents' names, captions and weights. */
  String digest() {
    var text = new StringBuilder();
    for (List<Item> all : items) {
      for (Item item : all) {
        text.append(item.captions.whole(item.picture.caption())).append(item.weight);
        item.views.forEach(view -> text.append(view.file().getFileName()));
      }
    }
    return com.google.common.hash.Hashing.sha256()
        .hashUnencodedChars(text)
        .toString()
        .substring(0, 16);
  }
}
