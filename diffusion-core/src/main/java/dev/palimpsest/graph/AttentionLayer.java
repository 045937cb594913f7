package dev.palimpsest.graph;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.tensor.DType;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A place where a network attends: softmax(QKᵀ/√d)V, as a fused operator (com.microsoft
 * MultiHeadAttention) or as exporters write it out (MatMul, Softmax, MatMul). Immutable.
 */
public final class AttentionLayer {
  /** Where a diffusion network's own names begin in those that exporters give. */
  private static final Pattern BLOCK = Pattern.compile("(?:^|\\.)((?:down|mid|up)_block.*)");

  private static final Pattern PROJECTION = Pattern.compile("\\.(?:to_[qkv]|processor)$");
  private static final List<Long> HEADS_FIRST = List.of(0L, 2L, 1L, 3L);
  private static final int DEEPEST = 6;

  private final String name;
  private final int heads;
  private final Dim queryTokens;
  private final Dim keyTokens;
  private final Supplier<Value> probabilities;

  private AttentionLayer(
      String name, int heads, Dim queryTokens, Dim keyTokens, Supplier<Value> probabilities) {
    this.name = name;
    this.heads = heads;
    this.queryTokens = queryTokens;
    this.keyTokens = keyTokens;
    this.probabilities = probabilities;
  }

  /** Its name in the checkpoint, as far as the graph's names tell; empty if they do not. */
  public String name() {
    return name;
  }

  public int heads() {
    return heads;
  }

  public Dim queryTokens() {
    return queryTokens;
  }

  public Dim keyTokens() {
    return keyTokens;
  }

  /** How many query tokens there are at some sizes of the inputs' symbols, if those tell it. */
  public OptionalLong queryTokens(Map<String, Long> sizes) {
    Dim bound = queryTokens.bind(sizes);
    return bound.isKnown() ? OptionalLong.of(bound.size()) : OptionalLong.empty();
  }

  /** float32 [batch, heads, query tokens, key tokens], each row summing to 1. */
  public Value probabilities() {
    return probabilities.get();
  }

  /** The outputs of a node with other probabilities; null to keep it or if it does not attend. */
  static @Nullable List<Value> replace(
      Graph.Rewriting node, Function<AttentionLayer, @Nullable Value> replacement) {
    return switch (node.node().name()) {
      case "com.microsoft.MultiHeadAttention" -> fused(node, replacement);
      case "Softmax" -> writtenOut(node, replacement);
      default -> null;
    };
  }

  private static @Nullable List<Value> fused(
      Graph.Rewriting rewriting, Function<AttentionLayer, @Nullable Value> replacement) {
    Attributes attributes = rewriting.node().attributes();
    Value query = requireNonNull(rewriting.inputs().get(0));
    Value value = requireNonNull(rewriting.inputs().get(2));
    int heads = (int) attributes.integer("num_heads", 1);
    boolean plain = rewriting.inputs().size() == 3 && attributes.integer("unidirectional", 0) == 0;
    if (!plain || !query.dim(2).isKnown() || !value.dim(2).isKnown()) {
      return null;
    }
    Value key = requireNonNull(rewriting.inputs().get(1));
    long size = query.dim(2).size() / heads;
    float scale = attributes.number("scale", (float) (1 / Math.sqrt(size)));
    var layer =
        new AttentionLayer(
            siteName(query.name()),
            heads,
            query.dim(1),
            key.dim(1),
            () ->
                split(query.mul(scale), heads)
                    .transpose(HEADS_BEFORE_TOKENS)
                    .matmul(split(key, heads).transpose(0, 2, 3, 1))
                    .softmax(-1));
    Value edited = replacement.apply(layer);
    return edited == null
        ? null
        : List.of(
            edited
                .matmul(split(value, heads).transpose(HEADS_BEFORE_TOKENS))
                .transpose(HEADS_BEFORE_TOKENS)
                .reshape(0, 0, value.dim(2).size()));
  }

  private static final long[] HEADS_BEFORE_TOKENS = {0, 2, 1, 3};

  private static Value split(Value tokens, int heads) {
    return tokens.reshape(0, 0, heads, tokens.dim(2).size() / heads);
  }

  private static @Nullable List<Value> writtenOut(
      Graph.Rewriting rewriting, Function<AttentionLayer, @Nullable Value> replacement) {
    Node softmax = rewriting.node();
    Value in = requireNonNull(rewriting.inputs().get(0));
    Value scores = scores(in, DEEPEST);
    int rank = in.dims().rank();
    long axis = softmax.attributes().integer("axis", -1);
    if (scores == null || (rank != 3 && rank != 4) || (axis != -1 && axis != rank - 1)) {
      return null;
    }
    Dim heads = rank == 4 ? in.dim(1) : heads(requireNonNull(scores.node()).inputs().get(0));
    if (heads == null || !heads.isKnown()) {
      return null;
    }
    Value plain = softmax.operator().apply(rewriting.inputs(), softmax.attributes()).get(0);
    var layer =
        new AttentionLayer(
            siteName(scores.name()),
            (int) heads.size(),
            in.dim(-2),
            in.dim(-1),
            () -> withHeads(plain, heads.size()).cast(DType.FLOAT32));
    Value edited = replacement.apply(layer);
    return edited == null ? null : List.of(edited.cast(plain.dtype()).reshapeLike(plain));
  }

  private static Value withHeads(Value probabilities, long heads) {
    if (probabilities.dims().rank() == 4) {
      return probabilities;
    }
    Value tokens = probabilities.shapeValue().slice(0, 1, 3);
    return probabilities.reshape(Value.concat(0, Value.constant(-1, heads), tokens));
  }

  /** The product of queries and keys behind scales and masks; null if there is none. */
  private static @Nullable Value scores(@Nullable Value value, int depth) {
    Node node = value == null ? null : value.node();
    if (node == null || depth == 0) {
      return null;
    }
    return switch (node.name()) {
      case "MatMul" ->
          isComputed(node.inputs().get(0)) && isComputed(node.inputs().get(1)) ? value : null;
      case "Mul", "Div", "Add", "Sub", "Cast", "Where" -> {
        for (Value input : node.inputs()) {
          Value found = scores(input, depth - 1);
          if (found != null) {
            yield found;
          }
        }
        yield null;
      }
      default -> null;
    };
  }

  private static boolean isComputed(@Nullable Value value) {
    return value != null && value.node() != null;
  }

  /** The number of heads that were moved in front of the tokens and joined with the rows. */
  private static @Nullable Dim heads(@Nullable Value query) {
    Node node = query == null ? null : query.node();
    for (int i = 0; i < DEEPEST && node != null; i++) {
      if (node.name().equals("Transpose")) {
        Value moved = node.outputs().get(0);
        return HEADS_FIRST.equals(node.attributes().integers("perm")) ? moved.dim(1) : null;
      }
      Value next = node.inputs().get(0);
      node = next == null ? null : next.node();
    }
    return null;
  }

  /** Of {@code mid_block.attn2.to_q} or {@code /unet/mid_block/attn2/MatMul_output_0}. */
  private static String siteName(@Nullable String label) {
    if (label == null) {
      return "";
    }
    String path = label.replace('/', '.');
    String layer = path.substring(0, Math.max(0, path.lastIndexOf('.')));
    String site = PROJECTION.matcher(layer).replaceFirst("");
    Matcher block = BLOCK.matcher(site);
    return block.find() ? block.group(1) : site.replaceFirst("^\\.+", "");
  }
}
