package dev.palimpsest.scheduler;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What a multistep solver keeps of its last evaluations, newest first. */
final class Recent {
  private final int capacity;
  private final List<float[]> values = new ArrayList<>();

  Recent(int capacity) {
    this.capacity = capacity;
  }

  /** Adds the newest; the oldest leaves where there are more than the capacity. */
  void add(float[] newest) {
    values.add(0, newest);
    if (values.size() > capacity) {
      values.remove(capacity);
    }
  }

  /** {@code newest} before all that are kept; nothing is added. */
  List<float[]> after(float[] newest) {
    var all = new ArrayList<float[]>();
    all.add(newest);
    all.addAll(values);
    return all;
  }

  int size() {
    return values.size();
  }

  List<float[]> values() {
    return Collections.unmodifiableList(values);
  }
}
