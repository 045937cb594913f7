package dev.palimpsest.model;

import com.google.common.primitives.ImmutableLongArray;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Byte-pair encoding of one word (Sennrich et al. 2016, arXiv:1508.07909) over the vocabulary of a
 * CLIP tokenizer, in which each byte is written as a printable character and the last piece of a
 * word ends with {@link #WORD_END}. Immutable.
 *
 * <p>The pair of lowest rank is merged first, of equal ones the leftmost, and pairs that a merge
 * makes compete at once, as in the tokenizers library ({@code models/bpe/word.rs}). Time is O(n log
 * n) in the bytes of a word.
 */
final class BytePairs {
  static final String WORD_END = "</w>";

  /* The character of each byte: itself where printable in Latin-1, else the next from U+0100. */
  private static final char[] BYTE_CHARS = byteChars();

  private static final int NONE = -1;

  private final long[] byteIds = new long[256];
  private final long[] lastByteIds = new long[256];
  private final Ranks ranks;
  private final long[] merged;

  /** Two neighbouring pieces by their ids. */
  record Pair(long left, long right) {}

  /**
   * @param merges the id that each pair becomes, in order of rank; ids are less than 2^31
   * @param unknown stands for each byte that the vocabulary lacks
   */
  BytePairs(Map<String, Long> vocabulary, LinkedHashMap<Pair, Long> merges, long unknown) {
    ranks = new Ranks(merges.keySet());
    merged = merges.values().stream().mapToLong(Long::longValue).toArray();
    for (int b = 0; b < 256; b++) {
      String piece = String.valueOf(BYTE_CHARS[b]);
      byteIds[b] = vocabulary.getOrDefault(piece, unknown);
      lastByteIds[b] = vocabulary.getOrDefault(piece + WORD_END, unknown);
    }
  }

  /** Appends the ids of the pieces of the word with these bytes, at least one. */
  void encode(byte[] word, ImmutableLongArray.Builder out) {
    var symbols = new Symbols(word);
    // A candidate is its rank and its position in one number, so that order is by both.
    var queue = new PriorityQueue<Long>();
    for (int i = 0; i + 1 < word.length; i++) {
      symbols.offer(i, queue);
    }
    for (Long top = queue.poll(); top != null; top = queue.poll()) {
      int position = top.intValue();
      int rank = symbols.rankAt(position);
      // What the candidate saw may have been merged away since.
      if (rank != NONE && merged[rank] == merged[(int) (top >>> 32)]) {
        symbols.merge(position, merged[rank], queue);
      }
    }
    for (int i = 0; i >= 0; i = symbols.next[i]) {
      out.add(symbols.ids[i]);
    }
  }

  /** The bytes that {@code piece} stands for, or null if a character of it stands for none. */
  static byte @Nullable [] bytes(String piece) {
    byte[] out = new byte[piece.length()];
    for (int i = 0; i < out.length; i++) {
      int b = byteOf(piece.charAt(i));
      if (b < 0) {
        return null;
      }
      out[i] = (byte) b;
    }
    return out;
  }

  private static int byteOf(char c) {
    if (c < 256 && BYTE_CHARS[c] == c) {
      return c;
    }
    for (int b = 0; b < 256; b++) {
      if (BYTE_CHARS[b] == c) {
        return b;
      }
    }
    return -1;
  }

  private static char[] byteChars() {
    char[] chars = new char[256];
    int next = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean printable = (b > 0x20 && b < 0x7F) || (b > 0xA0 && b != 0xAD);
      chars[b] = (char) (printable ? b : next++);
    }
    return chars;
  }

  /** A word as a doubly linked list in arrays; an absent neighbour is -1. */
  private final class Symbols {
    private final long[] ids;
    private final int[] next;
    private final int[] previous;
    private final boolean[] gone;

    Symbols(byte[] word) {
      int count = word.length;
      ids = new long[count];
      next = new int[count];
      previous = new int[count];
      gone = new boolean[count];
      for (int i = 0; i < count; i++) {
        int b = Byte.toUnsignedInt(word[i]);
        ids[i] = i == count - 1 ? lastByteIds[b] : byteIds[b];
        next[i] = i == count - 1 ? -1 : i + 1;
        previous[i] = i - 1;
      }
    }

    int rankAt(int position) {
      return gone[position] || next[position] < 0
          ? NONE
          : ranks.get(ids[position], ids[next[position]]);
    }

    void offer(int position, PriorityQueue<Long> queue) {
      int rank = rankAt(position);
      if (rank != NONE) {
        queue.add((long) rank << 32 | position);
      }
    }

    void merge(int position, long id, PriorityQueue<Long> queue) {
      int right = next[position];
      ids[position] = id;
      gone[right] = true;
      next[position] = next[right];
      if (next[position] >= 0) {
        previous[next[position]] = position;
      }
      if (previous[position] >= 0) {
        offer(previous[position], queue);
      }
      offer(position, queue);
    }
  }

  /** The rank of each pair: a hash table of primitive numbers, with linear probing. */
  private static final class Ranks {
    private final long[] pairs;
    private final int[] ranks;
    private final int shift;

    Ranks(Set<Pair> inOrder) {
      int bits = 34 - Integer.numberOfLeadingZeros(inOrder.size() | 1); // at most half full
      pairs = new long[1 << bits];
      ranks = new int[1 << bits];
      shift = Long.SIZE - bits;
      Arrays.fill(ranks, NONE);
      int rank = 0;
      for (Pair pair : inOrder) {
        int slot = slot(pair.left << 32 | pair.right);
        pairs[slot] = pair.left << 32 | pair.right;
        ranks[slot] = rank++;
      }
    }

    int get(long left, long right) {
      return ranks[slot(left << 32 | right)];
    }

    /* Where the pair is, or the free slot where it would be. */
    private int slot(long pair) {
      int slot = (int) ((pair * 0x9E3779B97F4A7C15L) >>> shift);
      while (ranks[slot] != NONE && pairs[slot] != pair) {
        slot = (slot + 1) & (pairs.length - 1);
      }
      return slot;
    }
  }
}
