package dev.palimpsest.attention;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.Tensor;
import java.util.Map;

/** An edit with another placement. */
record PlacedEdit(AttentionEdit edit, EditPlacement placement) implements AttentionEdit {
  PlacedEdit {
    requireNonNull(edit);
    edit = edit instanceof PlacedEdit ? ((PlacedEdit) edit).edit : edit;
  }

  @Override
  public Value apply(AttentionSite site, Value probabilities, EditGraph graph) {
    return edit.apply(site, probabilities, graph);
  }

  @Override
  public Map<String, Tensor> values(EditedRequest request) {
    return edit.values(request);
  }

  @Override
  public Object structure() {
    return edit.structure();
  }

  @Override
  public boolean needsPrompt() {
    return edit.needsPrompt();
  }

  @Override
  public boolean needsSource() {
    return edit.needsSource();
  }

  @Override
  public String description() {
    return edit.description() + " " + placement;
  }

  @Override
  public String toString() {
    return edit + " " + placement;
  }
}
