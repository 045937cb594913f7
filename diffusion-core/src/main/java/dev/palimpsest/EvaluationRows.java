package dev.palimpsest;

import dev.palimpsest.attention.EditPlacement;
import dev.palimpsest.attention.GuidanceHalf;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What each row of a network's batch is for: the halves of the guidance pair, the negative one
 * first, in each the request's pictures and then their sources; behind them the pictures once more
 * for each edit that is guided away from. Immutable.
 *
 * @param images pictures of the request
 * @param groups of as many rows each
 */
record EvaluationRows(int images, List<Group> groups) {
  /**
   * Rows for one purpose.
   *
   * @param away the number of the edit that is guided away from, or -1
   */
  record Group(GuidanceHalf half, boolean isSource, int away) {
    private boolean isChangedBy(EditPlacement placement, int edit) {
      return placement.guides() ? away == edit : !isSource && placement.half().includes(half);
    }
  }

  EvaluationRows {
    groups = List.copyOf(groups);
  }

  /**
   * @param away the numbers of the edits that are guided away from
   */
  static EvaluationRows of(int images, boolean guided, boolean hasSource, List<Integer> away) {
    var groups = new ArrayList<Group>();
    for (GuidanceHalf half :
        guided
            ? List.of(GuidanceHalf.UNCONDITIONAL, GuidanceHalf.CONDITIONAL)
            : List.of(GuidanceHalf.CONDITIONAL)) {
      groups.add(new Group(half, false, -1));
      if (hasSource) {
        groups.add(new Group(half, true, -1));
      }
    }
    away.forEach(edit -> groups.add(new Group(GuidanceHalf.CONDITIONAL, false, edit)));
    return new EvaluationRows(images, groups);
  }

  int count() {
    return images * groups.size();
  }

  /** What each row is given: as many rows as there are. */
  Conditioning conditioning(EncodedPrompts prompts, EncodedPrompts source) {
    var parts = new ArrayList<Conditioning>();
    for (Group group : groups) {
      EncodedPrompts own = group.isSource ? source : prompts;
      Conditioning row =
          group.half == GuidanceHalf.CONDITIONAL
              ? own.positive()
              : own.negative().or(prompts::negative).orElseThrow();
      parts.add(row.repeat(images));
    }
    return Conditioning.join(parts);
  }

  /** 1 for the rows that an edit acts on in a step, int64 [rows]. */
  Tensor actedOn(EditPlacement placement, int edit, int step, int steps) {
    long[] rows = new long[count()];
    boolean acts = placement.actsIn(step, steps);
    for (int i = 0; i < rows.length; i++) {
      rows[i] = acts && groups.get(i / images).isChangedBy(placement, edit) ? 1 : 0;
    }
    return Tensor.of(Shape.of(rows.length), rows);
  }

  /** The rows, from and to, of what an edit captures of the request's own pictures. */
  List<Tensor> captured(EditPlacement placement, int edit, Tensor value) {
    var parts = new ArrayList<Tensor>();
    for (int i = 0; i < groups.size(); i++) {
      Group group = groups.get(i);
      boolean own = placement.guides() || group.away < 0;
      if (own && group.isChangedBy(placement, edit)) {
        parts.add(value.rows(i * images, (i + 1) * images));
      }
    }
    return parts;
  }

  /** For each row the row of its source; itself without one. */
  List<Integer> sourceRows() {
    return IntStream.range(0, count())
        .mapToObj(row -> source(groups.get(row / images), row))
        .toList();
  }

  private int source(Group group, int row) {
    int source = groups.indexOf(new Group(group.half, true, -1));
    return source < 0 ? row : source * images + row % images;
  }
}
