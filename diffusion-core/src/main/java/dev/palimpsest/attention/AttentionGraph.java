package dev.palimpsest.attention;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.attention.AttentionSite.Kind;
import dev.palimpsest.graph.AttentionLayer;
import dev.palimpsest.graph.Dim;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A network as a place for attention edits, whether built here or read from an ONNX file.
 * Immutable.
 */
public final class AttentionGraph {
  /** Latents a side at which tokens are counted: divides by all downscales there are. */
  private static final long SIDE = 1024;

  private static final String ROWS = "rows";

  private final Graph network;
  private final List<AttentionSite> sites = new ArrayList<>();

  private AttentionGraph(Graph network) {
    this.network = network;
    var seen = new HashMap<String, Integer>();
    network.replaceAttention(
        layer -> {
          sites.add(site(layer, seen));
          return null;
        });
  }

  public static AttentionGraph of(Graph network) {
    return new AttentionGraph(network);
  }

  /** The attention layers, in the order in which the network applies them. */
  public List<AttentionSite> sites() {
    return List.copyOf(sites);
  }

  /**
   * The layers that an edit changes.
   *
   * @throws IllegalArgumentException if there are none; the message lists what there is
   */
  public List<AttentionSite> sites(AttentionEdit edit) {
    SiteSelection selection = edit.placement().sites();
    List<AttentionSite> selected =
        sites.stream().filter(selection::selects).collect(Collectors.toList());
    checkArgument(
        !selected.isEmpty(),
        sites.isEmpty()
            ? "network %s has no attention that an edit could change: neither the fused operator"
                + " nor MatMul, Softmax, MatMul was found, so there is nothing for '%s' (%s%s)"
            : "network %s has no site for '%s': no %s; its sites are %s",
        network.name(),
        edit,
        selection,
        sites.isEmpty() ? "" : sites);
    return selected;
  }

  /**
   * The network with edits. Each has an input {@link #rows(int)}, int64 [batch], 1 for the rows
   * that it acts on in a run, and its own inputs under {@link #input}; what it captures are outputs
   * behind the network's own, under {@link #captured(int, AttentionSite)}.
   */
  public Graph edited(List<? extends AttentionEdit> edits) {
    var graphs = new ArrayList<EditGraph>();
    for (int i = 0; i < edits.size(); i++) {
      graphs.add(new EditGraph(prefix(i)));
    }
    var index = new int[1];
    Graph edited =
        network.replaceAttention(layer -> edited(sites.get(index[0]++), layer, edits, graphs));
    var outputs = new LinkedHashMap<>(edited.outputs());
    graphs.forEach(graph -> outputs.putAll(graph.captured()));
    return Graph.of(network.name(), outputs);
  }

  private static @Nullable Value edited(
      AttentionSite site,
      AttentionLayer layer,
      List<? extends AttentionEdit> edits,
      List<EditGraph> graphs) {
    Value out = null;
    for (int i = 0; i < edits.size(); i++) {
      if (edits.get(i).placement().sites().selects(site)) {
        Value before = out == null ? layer.probabilities() : out;
        Value after = edits.get(i).apply(site, before, graphs.get(i));
        out = after == before ? before : chosen(edits.get(i), before, after, graphs.get(i));
      }
    }
    return out;
  }

  /** What the edit makes of the rows that it acts on, and the others as they were. */
  private static Value chosen(AttentionEdit edit, Value before, Value after, EditGraph graph) {
    checkArgument(
        after.dtype() == before.dtype() && after.dims().rank() == 4,
        "edit '%s' made %s%s of %s%s; it must keep type and shape",
        edit,
        after.dtype(),
        after.dims(),
        before.dtype(),
        before.dims());
    Value rows = graph.input(ROWS, DType.INT64, Dims.of(before.dim(0)));
    return rows.reshape(-1, 1, 1, 1).equalTo(Value.constant(1L)).where(after, before);
  }

  /** The name of the input that says which rows an edit acts on. */
  public static String rows(int edit) {
    return input(edit, ROWS);
  }

  /** The name of an input that an edit declared. */
  public static String input(int edit, String name) {
    return prefix(edit) + "." + name;
  }

  /** The name of the output that an edit captures at a layer. */
  public static String captured(int edit, AttentionSite site) {
    return captured(prefix(edit), site);
  }

  static String captured(String prefix, AttentionSite site) {
    return prefix + ".captured/" + site.name();
  }

  private static String prefix(int edit) {
    return "edit." + edit;
  }

  private AttentionSite site(AttentionLayer layer, Map<String, Integer> seen) {
    String name = layer.name().isEmpty() ? "attention" : layer.name();
    int count = seen.merge(name, 1, Integer::sum);
    boolean unique = count == 1 && !layer.name().isEmpty();
    return new AttentionSite(
        unique ? name : name + "_" + count, kind(layer), layer.heads(), downscale(layer));
  }

  private Kind kind(AttentionLayer layer) {
    boolean text =
        network.inputs().values().stream()
            .anyMatch(in -> in.dims().rank() == 3 && in.dim(1).equals(layer.keyTokens()));
    boolean itself = layer.keyTokens().equals(layer.queryTokens());
    return text && !itself ? Kind.CROSS : itself ? Kind.SELF : Kind.JOINT;
  }

  private int downscale(AttentionLayer layer) {
    Value sample =
        network.inputs().values().stream()
            .filter(in -> in.dims().rank() == 4)
            .findFirst()
            .orElse(null);
    if (sample == null) {
      return 0;
    }
    var sizes = new HashMap<String, Long>();
    double pixels = 1;
    for (int axis = 2; axis < 4; axis++) {
      Dim side = sample.dim(axis);
      sizes.put(side.toString(), SIDE);
      pixels *= side.isKnown() ? side.size() : SIDE;
    }
    double all = pixels;
    return layer.queryTokens(sizes).stream()
        .mapToInt(tokens -> (int) Math.round(Math.sqrt(all / tokens)))
        .findFirst()
        .orElse(0);
  }
}
