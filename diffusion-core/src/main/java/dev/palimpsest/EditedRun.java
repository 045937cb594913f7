package dev.palimpsest;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.attention.AttentionEdit;
import dev.palimpsest.attention.AttentionGraph;
import dev.palimpsest.attention.AttentionMaps;
import dev.palimpsest.attention.AttentionSite;
import dev.palimpsest.attention.EditPlacement;
import dev.palimpsest.attention.EditedRequest;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A network with the edits of one request: it gives each evaluation the edits' inputs and keeps
 * what they capture. One run, one thread; the caller closes it.
 */
final class EditedRun extends ForwardingDenoiser<SessionDenoiser> {
  private final SessionDenoiser edited;
  private final EditableNetwork.Lease lease;
  private final List<AttentionEdit> edits;
  private final EvaluationRows rows;
  private final Map<String, Tensor> values = new HashMap<>();
  private final List<CapturedMaps> captures = new ArrayList<>();
  private int step;
  private int steps = 1;

  /**
   * @param request what the edits see; its sites are each edit's own
   */
  EditedRun(
      EditableNetwork editable,
      SessionDenoiser plain,
      List<AttentionEdit> edits,
      EvaluationRows rows,
      EditedRequest request) {
    super(plain);
    this.edits = edits;
    this.rows = rows;
    this.lease = editable.open(edits);
    try {
      this.edited = plain.with(lease.session());
      for (int i = 0; i < edits.size(); i++) {
        prepare(i, editable.graph().sites(edits.get(i)), request);
      }
    } catch (RuntimeException e) {
      lease.close();
      throw e;
    }
  }

  private void prepare(int edit, List<AttentionSite> sites, EditedRequest request) {
    EditedRequest own =
        new EditedRequest(
            request.prompt(),
            request.source(),
            request.tokens(),
            request.height(),
            request.width(),
            sites,
            request.sourceRows());
    edits
        .get(edit)
        .values(own)
        .forEach((name, value) -> values.put(AttentionGraph.input(edit, name), value));
    Map<String, AttentionSite> outputs = new LinkedHashMap<>();
    for (AttentionSite site : sites) {
      String output = AttentionGraph.captured(edit, site);
      if (edited.outputs().contains(output)) {
        outputs.put(output, site);
      }
    }
    if (!outputs.isEmpty()) {
      captures.add(new CapturedMaps(edit, outputs, request));
    }
  }

  /** Tells which solver step the next evaluations belong to. */
  void begin(int step, int steps) {
    this.step = step;
    this.steps = steps;
    captures.forEach(CapturedMaps::begin);
  }

  @Override
  public Tensor predict(
      Tensor x, double timestep, Conditioning conditioning, Cancellation cancellation) {
    var inputs = new HashMap<>(conditioning.shared());
    inputs.putAll(values);
    for (int i = 0; i < edits.size(); i++) {
      EditPlacement placement = edits.get(i).placement();
      inputs.put(AttentionGraph.rows(i), rows.actedOn(placement, i, step, steps));
    }
    inputs.keySet().retainAll(edited.inputs()); // an edit may take fewer than it has values for
    Map<String, Tensor> outputs =
        edited.evaluate(x, timestep, conditioning.sharing(inputs), cancellation);
    for (CapturedMaps capture : captures) {
      EditPlacement placement = edits.get(capture.edit).placement();
      if (placement.actsIn(step, steps)) {
        capture.add(outputs, placement, rows);
      }
    }
    return SessionDenoiser.prediction(outputs);
  }

  /** What each capturing edit captured in this step, averaged over its evaluations. */
  List<AttentionMaps> ofStep() {
    return captures.stream().map(capture -> capture.inStep.average()).toList();
  }

  /** What each capturing edit captured, averaged over all evaluations. */
  List<AttentionMaps> ofRun() {
    return captures.stream().map(capture -> capture.inRun.average()).toList();
  }

  /** The maps of one capturing edit. */
  private static final class CapturedMaps {
    final int edit;
    final Map<String, AttentionSite> outputs;
    final EditedRequest request;
    final AttentionMaps.Sum inRun;
    AttentionMaps.Sum inStep;

    CapturedMaps(int edit, Map<String, AttentionSite> outputs, EditedRequest request) {
      this.edit = edit;
      this.outputs = outputs;
      this.request = request;
      this.inRun = sum();
      this.inStep = sum();
    }

    private AttentionMaps.Sum sum() {
      return new AttentionMaps.Sum(request.prompt(), request.height(), request.width());
    }

    void begin() {
      inStep = sum();
    }

    void add(Map<String, Tensor> given, EditPlacement placement, EvaluationRows rows) {
      var maps = new LinkedHashMap<AttentionSite, Tensor>();
      outputs.forEach(
          (name, site) ->
              maps.put(
                  site,
                  Tensor.concat(rows.captured(placement, edit, requireNonNull(given.get(name))))));
      inStep.add(maps);
      inRun.add(maps);
    }
  }

  @Override
  public void close() {
    lease.close();
  }
}
