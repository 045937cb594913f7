package dev.palimpsest.graph;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The memory of a graph's computed values when its nodes run one after the other and each value is
 * freed after its last use: what a runtime needs beside the weights and the inputs. Values that
 * share memory count once: views, and results of elementwise operators that take the place of an
 * operand that nobody needs any more.
 */
final class PeakMemory {
  private static final Set<String> VIEWS =
      Set.of("Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity");
  private static final Set<String> IN_PLACE =
      Set.of(
          "Add",
          "Sub",
          "Mul",
          "Div",
          "Neg",
          "Exp",
          "Log",
          "Sqrt",
          "Sigmoid",
          "Tanh",
          "Relu",
          "Erf",
          "Softmax",
          "Pow",
          "Gelu",
          "QuickGelu");

  private final Map<Origin, Buffer[]> buffers = new IdentityHashMap<>();
  private final Set<Origin> folded = new HashSet<>();
  private long live;
  private long peak;
  private long foldedBytes;

  /** Memory that one or more values share. */
  private static final class Buffer {
    final long bytes;
    int uses;

    Buffer(long bytes) {
      this.bytes = bytes;
    }
  }

  private PeakMemory() {}

  /**
   * Bytes that a run of a graph needs.
   *
   * @param graph of known sizes, as it is opened
   */
  static long of(Graph graph) {
    return new PeakMemory().run(graph);
  }

  private long run(Graph graph) {
    Map<Origin, int[]> uses = uses(graph);
    for (Node node : graph.nodes()) {
      if (isFolded(node)) {
        folded.add(node);
      } else {
        run(node, requireNonNull(uses.get(node)));
      }
    }
    return peak + foldedBytes;
  }

  private static Map<Origin, int[]> uses(Graph graph) {
    var uses = new IdentityHashMap<Origin, int[]>();
    for (Node node : graph.nodes()) {
      uses.put(node, new int[node.outputs().size()]);
      for (Value input : node.inputs()) {
        if (input != null && input.node() != null) {
          requireNonNull(uses.get(input.origin()))[input.index()]++;
        }
      }
    }
    for (Value output : graph.outputs().values()) {
      if (output.node() != null) {
        requireNonNull(uses.get(output.origin()))[output.index()]++;
      }
    }
    return uses;
  }

  /** Whether it can be computed when the session opens. */
  private boolean isFolded(Node node) {
    return node.inputs().stream()
        .allMatch(in -> in == null || !in.isInput() && (in.node() == null || isFolded(in)));
  }

  private boolean isFolded(Value value) {
    return folded.contains(value.origin());
  }

  private void run(Node node, int[] uses) {
    var made = new Buffer[node.outputs().size()];
    for (int i = 0; i < made.length; i++) {
      made[i] = buffer(node, node.outputs().get(i));
      made[i].uses += uses[i];
    }
    buffers.put(node, made);
    peak = Math.max(peak, live + workspace(node));
    for (Value input : node.inputs()) {
      if (input != null && input.node() != null) {
        if (isFolded(input)) {
          foldedBytes += bytes(input);
        } else {
          release(requireNonNull(buffers.get(input.origin()))[input.index()]);
        }
      }
    }
    for (Buffer buffer : made) {
      if (buffer.uses == 0) {
        live -= buffer.bytes;
      }
    }
  }

  private void release(Buffer buffer) {
    if (--buffer.uses == 0) {
      live -= buffer.bytes;
    }
  }

  private Buffer buffer(Node node, Value output) {
    String operator = node.operator().name();
    List<Value> inputs = List.copyOf(node.inputs().stream().filter(in -> in != null).toList());
    for (Value input : inputs) {
      Buffer[] of = input.node() == null ? null : buffers.get(input.origin());
      if (of != null) {
        Buffer candidate = of[input.index()];
        boolean view = VIEWS.contains(operator);
        boolean free = candidate.uses == 1 && candidate.bytes == bytes(output);
        if (view || (IN_PLACE.contains(operator) && free)) {
          return candidate;
        }
      }
      if (VIEWS.contains(operator)) {
        break;
      }
    }
    var fresh = new Buffer(bytes(output));
    live += fresh.bytes;
    return fresh;
  }

  /** What an operator needs while it runs: attention lays out its operands anew. */
  private static long workspace(Node node) {
    if (!node.operator().name().equals("MultiHeadAttention")) {
      return 0;
    }
    long bytes = 0;
    for (int i = 0; i < 3; i++) {
      bytes += bytes(requireNonNull(node.inputs().get(i)));
    }
    return bytes;
  }

  private static long bytes(Value value) {
    checkArgument(value.dims().isKnown(), "%s has no known size; bind the graph", value);
    return value.shape().elements() * value.dtype().bytes();
  }
}
