package dev.palimpsest.autodiff;

import static dev.palimpsest.autodiff.GradientRules.each;
import static dev.palimpsest.autodiff.GradientRules.form;
import static dev.palimpsest.autodiff.GradientRules.opaque;
import static dev.palimpsest.autodiff.GradientRules.row;
import static dev.palimpsest.autodiff.Ops.mask;
import static dev.palimpsest.autodiff.Ops.minus;
import static dev.palimpsest.autodiff.Ops.op;
import static dev.palimpsest.autodiff.Ops.reject;
import static dev.palimpsest.autodiff.Ops.scalar;
import static dev.palimpsest.autodiff.Ops.select;
import static dev.palimpsest.autodiff.Ops.square;
import static dev.palimpsest.autodiff.Ops.times;

import dev.palimpsest.autodiff.GradientRules.Partial;
import dev.palimpsest.graph.Node;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Rules of operators that work element by element. */
final class ElementwiseRules {
  private static final double ROOT_HALF = Math.sqrt(0.5);
  private static final double ERF_SLOPE = 2 / Math.sqrt(Math.PI);
  private static final double TANH_SCALE = Math.sqrt(2 / Math.PI);
  private static final double TANH_CUBE = 0.044715;

  private ElementwiseRules() {}

  static void add() {
    arithmetic();
    functions();
    activations();
    choices();
    opaque("StopGradient", "Floor", "Ceil", "Round", "Sign", "Not", "And", "Or", "Xor", "IsNaN");
    opaque("Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual");
  }

  private static void arithmetic() {
    Partial dy = Backward::dy;
    row("Identity", dy);
    row("Neg", b -> b.dy().neg());
    row("Add", dy, dy);
    row("Sub", dy, b -> b.dy().neg());
    row("Mul", b -> b.dy().mul(b.x(1)), b -> b.dy().mul(b.x(0)));
    row("Div", b -> b.dy().div(b.x(1)), b -> b.dy().mul(b.y()).div(b.x(1)).neg());
    each("Sum", (b, i) -> b.dy());
    row("Cast", b -> b.dy().cast(b.input(0).dtype()));
    row("Pow", ElementwiseRules::base, b -> b.dy().mul(b.y()).mul(b.x(0).log()));
    row("Reciprocal", b -> b.dy().mul(square(b.y())).neg());
  }

  private static Value base(Backward b) {
    Tensor constant = b.input(1).constant();
    boolean squares = constant != null && constant.elements() == 1 && constant.doubles()[0] == 2;
    Value exponent = b.x(1).cast(b.input(0).dtype());
    Value power = squares ? b.x(0) : op("Pow", b.x(0), exponent.add(-1));
    return b.dy().mul(power.mul(exponent));
  }

  private static void functions() {
    row("Exp", b -> b.dy().mul(b.y()));
    row("Log", b -> b.dy().div(b.x()));
    row("Sqrt", b -> b.dy().div(b.y().mul(2)));
    row("Sin", b -> b.dy().mul(b.x().cos()));
    row("Cos", b -> b.dy().mul(b.x().sin()).neg());
    row("Tanh", b -> b.dy().mul(minus(1, square(b.y()))));
    row("Sigmoid", b -> b.dy().mul(b.y().mul(minus(1, b.y()))));
    row("Softplus", b -> b.dy().mul(b.x().sigmoid()));
    row("Erf", b -> b.dy().mul(times(square(b.x()).neg().exp(), ERF_SLOPE)));
    row("Abs", b -> b.dy().mul(op("Sign", b.x())));
  }

  private static void activations() {
    row("Relu", b -> b.dy().mul(op("Sign", b.y())));
    row("LeakyRelu", b -> sloped(b, b.dy().mul(b.attributes().number("alpha", 0.01f))));
    row("Elu", b -> sloped(b, b.dy().mul(b.y().add(b.attributes().number("alpha", 1)))));
    row("Gelu", ElementwiseRules::gelu);
    row("com.microsoft.Gelu", b -> b.dy().mul(geluSlope(b.x())));
    row(
        "com.microsoft.BiasGelu",
        b -> b.once("dx", () -> b.dy().mul(geluSlope(b.x(0).add(b.x(1))))),
        b -> b.once("dx", () -> b.dy().mul(geluSlope(b.x(0).add(b.x(1))))));
    row("com.microsoft.FastGelu", ElementwiseRules::fastGelu, ElementwiseRules::fastGelu);
    row("com.microsoft.QuickGelu", b -> quickGelu(b, b.attributes().number("alpha", 1.702f)));
    form("x·σ(x)", "Mul", ElementwiseRules::silu, ElementwiseRules::siluGradient);
  }

  /** The gradient where the input is positive, {@code below} elsewhere. */
  private static Value sloped(Backward b, Value below) {
    return op("Greater", b.x(), scalar(b.input(0).dtype(), 0)).where(b.dy(), below);
  }

  private static Value gelu(Backward b) {
    boolean tanh = b.attributes().string("approximate", "none").equals("tanh");
    return b.dy().mul(tanh ? tanhSlope(b.x()) : geluSlope(b.x()));
  }

  /** Φ(x) + x·φ(x), with u = x/√2: (1 + erf(u) + 2/√π·u·exp(-u²))/2. */
  private static Value geluSlope(Value x) {
    Value u = times(x, ROOT_HALF);
    Value bell = u.mul(u.neg()).exp().mul(times(u, ERF_SLOPE));
    return op("Erf", u).add(bell).add(1).mul(0.5f);
  }

  /** The slope of x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2. */
  private static Value tanhSlope(Value x) {
    Value cubic = times(square(x), TANH_SCALE * TANH_CUBE);
    Value scale = scalar(x.dtype(), TANH_SCALE);
    Value t = x.mul(cubic.add(scale)).tanh();
    Value inner = x.mul(cubic.mul(3).add(scale));
    return t.add(1).add(minus(1, square(t)).mul(inner)).mul(0.5f);
  }

  private static Value fastGelu(Backward b) {
    return b.once("dx", () -> b.dy().mul(tanhSlope(b.has(1) ? b.x(0).add(b.x(1)) : b.x(0))));
  }

  private static Value quickGelu(Backward b, float alpha) {
    Value s = b.x().mul(alpha).sigmoid();
    return b.dy().mul(s.add(b.y().mul(minus(1, s)).mul(alpha)));
  }

  /** x and σ(x) of their product. */
  private static @Nullable List<@Nullable Value> silu(Node mul) {
    Value x = mul.inputs().get(0);
    Value s = mul.inputs().get(1);
    if (x == null || s == null) {
      return null;
    }
    return isSigmoid(s, x) ? List.of(x, s) : isSigmoid(x, s) ? List.of(s, x) : null;
  }

  private static boolean isSigmoid(Value s, Value x) {
    Node node = s.node();
    Value of = node != null && node.name().equals("Sigmoid") ? node.inputs().get(0) : null;
    return of != null && Gradients.canonical(of) == Gradients.canonical(x);
  }

  /** With y = x·s: y' = s + y·(1 - s). */
  private static Value siluGradient(Backward b) {
    Value s = b.x(1);
    return b.dy().mul(s.add(b.y().mul(minus(1, s))));
  }

  private static void choices() {
    row("Where", b -> null, b -> select(b.x(0), b.dy()), b -> reject(b.x(0), b.dy()));
    row(
        "Clip",
        ElementwiseRules::clipped,
        b -> select(op("Less", b.x(0), b.x(1)), b.dy()),
        b -> select(op("Greater", b.x(0), b.x(2)), b.dy()));
    each("Max", ElementwiseRules::extreme);
    each("Min", ElementwiseRules::extreme);
  }

  private static Value clipped(Backward b) {
    Value dx = b.dy();
    dx = b.has(1) ? reject(op("Less", b.x(0), b.x(1)), dx) : dx;
    return b.has(2) ? reject(op("Greater", b.x(0), b.x(2)), dx) : dx;
  }

  /** Operands that are equally extreme share the gradient. */
  private static Value extreme(Backward b, int input) {
    Value share =
        b.once(
            "share",
            () -> {
              Value ties = mask(b.x(0).equalTo(b.y()), b.dy().dtype());
              for (int i = 1; i < b.count(); i++) {
                ties = ties.add(mask(b.x(i).equalTo(b.y()), b.dy().dtype()));
              }
              return b.dy().div(ties);
            });
    return select(b.x(input).equalTo(b.y()), share);
  }
}
