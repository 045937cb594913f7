package dev.palimpsest;

import static com.google.common.base.Preconditions.checkState;
import static java.util.Objects.requireNonNull;

import com.google.common.base.Suppliers;
import dev.palimpsest.attention.AttentionEdit;
import dev.palimpsest.attention.AttentionGraph;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Onnx;
import dev.palimpsest.graph.OnnxModel;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A network that is opened again with the attention edits of requests. Edits of equal structure at
 * the same sites share an opened network; the last few are kept. Thread-safe.
 */
final class EditableNetwork implements AutoCloseable {
  private static final int KEPT = 4;

  private final Supplier<AttentionGraph> graph;
  private final Function<Graph, Session> opener;
  private final Map<List<Object>, Variant> variants = new LinkedHashMap<>(16, 0.75f, true);
  private boolean closed;

  /**
   * @param graph the network without edits, asked for when the first edit comes
   * @param opener opens the network with edits
   */
  EditableNetwork(Supplier<Graph> graph, Function<Graph, Session> opener) {
    this.graph = Suppliers.memoize(() -> AttentionGraph.of(graph.get()));
    this.opener = opener;
  }

  /** The network of an ONNX file, which is read when the first edit comes. */
  static EditableNetwork ofFile(Path file, Device device) {
    Supplier<OnnxModel> model =
        Suppliers.memoize(
            () -> {
              try {
                return Onnx.read(file);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    return new EditableNetwork(
        () -> model.get().graph(),
        edited -> {
          Map<String, Tensor> weights = model.get().parameters();
          return Session.open(edited, name -> requireNonNull(weights.get(name)), device);
        });
  }

  AttentionGraph graph() {
    return graph.get();
  }

  /** An opened network and how many requests use it. */
  private static final class Variant {
    final LazySession session;
    int users;

    Variant(LazySession session) {
      this.session = session;
    }
  }

  /** An opened network for as long as one request needs it. */
  interface Lease extends AutoCloseable {
    Session session();

    @Override
    void close();
  }

  /**
   * The network with edits; the caller closes it.
   *
   * @throws IllegalArgumentException if an edit changes no site; the message lists those there are
   */
  Lease open(List<AttentionEdit> edits) {
    var key = new ArrayList<Object>();
    for (AttentionEdit edit : edits) {
      key.add(List.of(edit.structure(), graph().sites(edit)));
    }
    Variant variant = take(key, edits);
    return new Lease() {
      @Override
      public Session session() {
        return variant.session.get();
      }

      @Override
      public void close() {
        release(variant);
      }
    };
  }

  private synchronized Variant take(List<Object> key, List<AttentionEdit> edits) {
    checkState(!closed, "the pipeline is closed");
    Variant variant =
        variants.computeIfAbsent(
            key, k -> new Variant(new LazySession(() -> opener.apply(graph().edited(edits)))));
    variant.users++;
    return variant;
  }

  private synchronized void release(Variant variant) {
    variant.users--;
    var each = variants.values().iterator();
    while (variants.size() > KEPT && each.hasNext()) {
      Variant oldest = each.next();
      if (oldest.users == 0) {
        each.remove();
        oldest.session.close();
      }
    }
  }

  /** How many opened networks are kept. */
  synchronized int size() {
    return variants.size();
  }

  @Override
  public synchronized void close() {
    closed = true;
    var sessions = new ArrayList<AutoCloseable>();
    variants.values().forEach(variant -> sessions.add(variant.session));
    variants.clear();
    Closing.all(sessions);
  }
}
