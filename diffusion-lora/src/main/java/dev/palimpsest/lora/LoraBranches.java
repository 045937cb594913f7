package dev.palimpsest.lora;

import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.graph.WeightProduct;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * A LoRA beside one network: at each adapted module W the graph computes Wx + s·α/r · B(Ax), with A
 * and B as parameters and the strength s as any value. The way of peft's layers; with DoRA, too,
 * whose norm is taken of W + s·α/r·BA.
 */
final class LoraBranches {
  private final String prefix;
  private final Map<String, LoraModule> modules;
  private final Function<String, Value> strength;

  /**
   * @param prefix of the parameters' names
   * @param modules by path
   * @param strength a value of one element for each module's path
   */
  LoraBranches(String prefix, Map<String, LoraModule> modules, Function<String, Value> strength) {
    this.prefix = prefix;
    this.modules = modules;
    this.strength = strength;
  }

  /** With strengths from an input that has an element for each module, in the modules' order. */
  static LoraBranches live(String name, Map<String, LoraModule> modules) {
    Value scales =
        Value.input(scaleInput(name), DType.FLOAT32, Dims.of(Math.max(1, modules.size())));
    List<String> order = new ArrayList<>(modules.keySet());
    return new LoraBranches(
        "lora." + name + "/",
        modules,
        module -> {
          int index = order.indexOf(module);
          return scales.slice(0, index, index + 1);
        });
  }

  static String scaleInput(String name) {
    return "lora." + name + ".scale";
  }

  static String down(String module) {
    return module + ".lora_A.weight";
  }

  static String up(String module) {
    return module + ".lora_B.weight";
  }

  static String magnitude(String module) {
    return module + ".lora_magnitude_vector";
  }

  /** The network with the branches; modules that it does not have get none. */
  Graph beside(Graph network) {
    return modules.isEmpty() ? network : network.replaceProducts(this::adapted);
  }

  /** The parameters' values by name. */
  Map<String, Tensor> weights() {
    Map<String, Tensor> weights = new TreeMap<>();
    modules.forEach(
        (path, module) -> {
          weights.put(prefix + down(path), module.down());
          weights.put(prefix + up(path), module.up());
          module.magnitude().ifPresent(m -> weights.put(prefix + magnitude(path), m));
        });
    return weights;
  }

  private Value adapted(WeightProduct product) {
    String path = product.name().replaceFirst("\\.weight$", "");
    LoraModule stored = modules.get(path);
    if (stored == null) {
      return product.output();
    }
    LoraModule module = stored.fitting(product.weight().shape());
    Value a = matrix(prefix + down(path), stored.down(), module.down());
    Value b = matrix(prefix + up(path), stored.up(), module.up());
    Value scale = strength.apply(path).mul((float) module.scaling());
    Value branch = up(product, product.times(a).mul(scale), b);
    Optional<Tensor> magnitude = module.magnitude();
    if (magnitude.isEmpty()) {
      return product.output().add(branch);
    }
    Value lengths =
        Value.parameter(prefix + magnitude(path), DType.FLOAT32, magnitude.get().shape());
    Value factor = outputs(product, lengths.div(norm(product.weight(), a, b, scale)));
    Value sum = product.times(product.weight()).add(branch).mul(factor);
    Value bias = product.bias();
    return bias == null ? sum : sum.add(outputs(product, bias));
  }

  /** The parameter as stored, in the shape that the product wants. */
  private static Value matrix(String name, Tensor stored, Tensor fitting) {
    Value parameter = Value.parameter(name, DType.FLOAT32, stored.shape());
    return stored.shape().equals(fitting.shape())
        ? parameter
        : parameter.reshape(fitting.shape().toArray());
  }

  private static Value up(WeightProduct product, Value x, Value b) {
    return product.isConvolution() ? x.conv(b, null, 1, 0) : x.linear(b, null);
  }

  /** [out] so that it multiplies or adds to the product's outputs. */
  private static Value outputs(WeightProduct product, Value vector) {
    return product.isConvolution() ? vector.reshape(1, -1, 1, 1) : vector;
  }

  /**
   * The lengths of W + sD's rows, D = BA: √(‖W‖² + 2s⟨W, D⟩ + s²‖D‖²), where D is never made.
   *
   * @return [out]
   */
  private static Value norm(Value weight, Value a, Value b, Value scale) {
    Value w = rows(weight);
    Value down = rows(a); // (rank, in)
    Value up = rows(b); // (out, rank)
    Value across = w.linear(down, null).mul(up).sum(1);
    Value own = up.matmul(down.linear(down, null)).mul(up).sum(1);
    Value square = w.mul(w).sum(1);
    return square.add(across.mul(2).mul(scale)).add(own.mul(scale).mul(scale)).reshape(-1).sqrt();
  }

  private static Value rows(Value weight) {
    return weight.dims().rank() == 2 ? weight : weight.reshape(weight.dim(0).size(), -1);
  }
}
