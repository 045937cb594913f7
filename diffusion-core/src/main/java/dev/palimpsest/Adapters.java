package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.model.ClipTextModel;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The adapters that a pipeline was opened with, by name. Immutable. */
final class Adapters {
  /**
   * An adapter and its strength in requests that do not say any.
   *
   * @param scale of requests that do not say any
   */
  record Usual(Adapter adapter, AdapterScale scale) {}

  private final Map<String, Adapter> adapters = new LinkedHashMap<>();
  private final Map<String, AdapterScale> usual = new LinkedHashMap<>();

  Adapters(List<Usual> adapters) {
    for (Usual each : adapters) {
      String name = each.adapter.name();
      checkState(
          this.adapters.put(name, each.adapter) == null,
          "two adapters are named %s; give one another name",
          name);
      usual.put(name, each.scale);
    }
  }

  void check(Checkpoint checkpoint) throws CheckpointException {
    for (Adapter adapter : adapters.values()) {
      adapter.check(checkpoint);
    }
  }

  /**
   * @throws IllegalArgumentException if a request wants an adapter that is not here
   */
  void check(GenerationRequest request) {
    for (String name : request.adapters().keySet()) {
      checkArgument(
          adapters.containsKey(name),
          "the pipeline has no adapter %s; it was opened with %s",
          name,
          adapters.keySet());
    }
  }

  /** Whether one of them adds something to the network. */
  boolean touch(String component) {
    return adapters.values().stream().anyMatch(adapter -> !adapter.weights(component).isEmpty());
  }

  /**
   * The words that they add to a text encoder, in the order of the adapters.
   *
   * @throws IllegalStateException if two add the same
   */
  Map<String, Tensor> words(String component) {
    var words = new LinkedHashMap<String, Tensor>();
    for (Adapter adapter : adapters.values()) {
      adapter
          .words(component)
          .forEach(
              (word, vectors) ->
                  checkState(
                      words.put(word, vectors) == null, "two adapters add the word '%s'", word));
    }
    return words;
  }

  Graph beside(String component, Graph network) {
    Graph adapted = network;
    for (Adapter adapter : adapters.values()) {
      adapted = adapter.adapt(component, adapted);
    }
    return adapted;
  }

  /** The component's own weights and those of the adapters beside it. */
  Function<String, Tensor> parameters(Component component) {
    var added = new HashMap<String, Tensor>();
    adapters.values().forEach(adapter -> added.putAll(adapter.weights(component.name())));
    Map<String, Tensor> words = words(component.name());
    if (!words.isEmpty()) {
      added.put(ClipTextModel.ADDED_EMBEDDING, Tensor.concat(List.copyOf(words.values())));
    }
    return name -> {
      Tensor own = added.get(name);
      return own == null ? component.weights().get(name) : own;
    };
  }

  /**
   * What the network is given at each run; strengths that the request does not say are the usual
   * ones.
   */
  Map<String, Tensor> inputs(String component, GenerationRequest request) {
    var inputs = new LinkedHashMap<String, Tensor>();
    adapters.forEach(
        (name, adapter) -> inputs.putAll(adapter.inputs(component, scale(name, request))));
    return inputs;
  }

  /** A line for each adapter, for provenance. */
  List<String> describe(GenerationRequest request) {
    var lines = new ArrayList<String>();
    adapters.keySet().forEach(name -> lines.add(name + " at " + scale(name, request)));
    return lines;
  }

  /** What adapters that act have to say about the request's prompt. */
  List<String> warnings(GenerationRequest request) {
    var warnings = new ArrayList<String>();
    adapters.forEach(
        (name, adapter) -> {
          boolean acts = !scale(name, request).equals(AdapterScale.of(0));
          request
              .prompt()
              .filter(prompt -> acts)
              .flatMap(adapter::warning)
              .ifPresent(warning -> warnings.add(name + ": " + warning));
        });
    return warnings;
  }

  private AdapterScale scale(String name, GenerationRequest request) {
    return request.adapters().getOrDefault(name, requireNonNull(usual.get(name)));
  }
}
