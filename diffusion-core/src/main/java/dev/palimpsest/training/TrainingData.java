package dev.palimpsest.training;

/** Pictures to learn from, all of one size. Thread-safe; an item depends on its arguments alone. */
public interface TrainingData {
  int size();

  /**
   * A picture.
   *
   * @param index from 0 to {@link #size} - 1
   * @param random decides its augmentation; the same at the same position of a run
   */
  TrainingItem item(int index, SeededStream random);

  /** These pictures, each flipped with the given probability. */
  default TrainingData flipped(double probability) {
    TrainingData all = this;
    return new TrainingData() {
      @Override
      public int size() {
        return all.size();
      }

      @Override
      public TrainingItem item(int index, SeededStream random) {
        TrainingItem item = all.item(index, random);
        return random.chance(probability) ? item.flipped() : item;
      }
    };
  }
}
