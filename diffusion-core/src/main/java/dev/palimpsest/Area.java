package dev.palimpsest;

/** A rectangle of pixels. */
record Area(int y, int x, int height, int width) {

  /** Grown by so many pixels on each side, as far as that lies inside. */
  Area grown(int by, int wholeHeight, int wholeWidth) {
    int top = Math.max(0, y - by);
    int left = Math.max(0, x - by);
    return new Area(
        top,
        left,
        Math.min(wholeHeight, y + height + by) - top,
        Math.min(wholeWidth, x + width + by) - left);
  }

  Area scaled(int up, int down) {
    return new Area(y * up / down, x * up / down, height * up / down, width * up / down);
  }

  /** The same rectangle seen from the corner of another. */
  Area within(Area other) {
    return new Area(y - other.y, x - other.x, height, width);
  }

  /**
   * How much a pixel of it counts where it overlaps with others: 1 inside, falling linearly over
   * {@code overlap} pixels towards its edges, but not to 0.
   *
   * @param row from its top
   * @param column from its left
   */
  float weight(int row, int column, int overlap) {
    return ramp(row, height, overlap) * ramp(column, width, overlap);
  }

  private static float ramp(int at, int length, int overlap) {
    float toEdge = Math.min(at, length - 1 - at) + 1;
    return overlap == 0 ? 1 : Math.min(1, toEdge / (overlap + 1));
  }
}
