package dev.palimpsest.autodiff;

import static dev.palimpsest.autodiff.Ops.swapped;

import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.IntFunction;

/**
 * The rule of fused attention: the probabilities are made again from queries and keys, and the sums
 * that the softmax's gradient needs are row sums of dO∘O (Dao et al. 2022, algorithm 4). Queries
 * are taken in parts where the probabilities of all would be large.
 */
final class AttentionGradient {
  /** The most probabilities made at once: 64 MiB. */
  private static final long MOST = 1 << 24;

  private final Backward b;
  private final long heads;
  private final float scale;
  private final boolean causal;
  private final long tokens;
  private final long keyTokens;
  private final int parts;

  private AttentionGradient(Backward b) {
    this.b = b;
    for (int i = 3; i < b.count(); i++) {
      if (b.has(i)) {
        throw b.unsupported("input " + i + "; only query, key and value have rules");
      }
    }
    this.heads = b.attributes().integer("num_heads", 1);
    float usual = (float) (1 / Math.sqrt((double) b.shape(0).dim(2) / heads));
    float given = b.attributes().number("scale", 0);
    this.scale = given == 0 ? usual : given;
    this.causal = b.attributes().integer("unidirectional", 0) == 1;
    this.tokens = b.shape(0).dim(1);
    this.keyTokens = b.shape(1).dim(1);
    long all = b.shape(0).dim(0) * heads * tokens * keyTokens;
    this.parts = (int) Math.min(tokens, (all + MOST - 1) / MOST);
  }

  static Value query(Backward b) {
    var rule = new AttentionGradient(b);
    Value k = rule.split("k", 1);
    List<Value> parts = rule.each(i -> rule.scores(i).matmul(k));
    return rule.joined(parts.size() == 1 ? parts.get(0) : Value.concat(2, parts), 0);
  }

  static Value key(Backward b) {
    var rule = new AttentionGradient(b);
    return rule.joined(rule.sum(i -> swapped(rule.scores(i)).matmul(rule.part("q", 0, i))), 1);
  }

  static Value value(Backward b) {
    var rule = new AttentionGradient(b);
    return rule.joined(
        rule.sum(i -> swapped(rule.probabilities(i)).matmul(rule.part("dy", -1, i))), 2);
  }

  private List<Value> each(IntFunction<Value> part) {
    var out = new ArrayList<Value>();
    for (int i = 0; i < parts; i++) {
      out.add(part.apply(i));
    }
    return out;
  }

  private Value sum(IntFunction<Value> part) {
    BinaryOperator<Value> add = Value::add;
    return each(part).stream().reduce(add).orElseThrow();
  }

  /** An input as [batch, heads, tokens, width of a head]; the gradient for index -1. */
  private Value split(String name, int input) {
    return b.once(
        name,
        () -> {
          Value x = input < 0 ? b.dy() : b.x(input);
          return x.reshape(0, 0, heads, -1).transpose(0, 2, 1, 3);
        });
  }

  private long from(int part) {
    return tokens * part / parts;
  }

  /** The part of the queries of a split value. */
  private Value part(String name, int input, int part) {
    Value whole = split(name, input);
    return parts == 1
        ? whole
        : b.once(name + part, () -> whole.slice(2, from(part), from(part + 1)));
  }

  private Value joined(Value split, int input) {
    Shape shape = b.shape(input);
    return Ops.reshape(split.transpose(0, 2, 1, 3), shape);
  }

  /** [batch, heads, queries of the part, keys]. */
  private Value probabilities(int part) {
    return b.once(
        "p" + part,
        () -> {
          Value logits = part("q", 0, part).mul(scale).matmul(swapped(split("k", 1)));
          return (causal ? logits.add(mask(part)) : logits).softmax(-1);
        });
  }

  /** Adds a number to the keys behind each query that leaves nothing of their probabilities. */
  private Value mask(int part) {
    int rows = (int) (from(part + 1) - from(part));
    float[] values = new float[(int) (rows * keyTokens)];
    for (int i = 0; i < values.length; i++) {
      long query = from(part) + i / keyTokens;
      values[i] = i % keyTokens > query ? -10000 : 0;
    }
    Tensor mask = Tensor.of(Shape.of(rows, keyTokens), values);
    return Value.constant(mask.as(b.input(0).dtype()));
  }

  /** The gradient of the scaled products of queries and keys, times the scale. */
  private Value scores(int part) {
    return b.once(
        "ds" + part,
        () -> {
          Value dy = part("dy", -1, part);
          Value y = b.once("y", () -> b.y().reshape(0, 0, heads, -1).transpose(0, 2, 1, 3));
          Value own = parts == 1 ? y : y.slice(2, from(part), from(part + 1));
          Value dp = dy.matmul(swapped(split("v", 2)));
          Value rows = dy.mul(own).sum(-1);
          return dp.sub(rows).mul(probabilities(part)).mul(scale);
        });
  }
}
