package dev.palimpsest.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.GenerationResult;
import dev.palimpsest.TestModels;
import dev.palimpsest.attention.AttentionEdit;
import dev.palimpsest.attention.AttentionGraph;
import dev.palimpsest.attention.AttentionMaps;
import dev.palimpsest.attention.AttentionSite;
import dev.palimpsest.attention.GuidanceHalf;
import dev.palimpsest.attention.SiteSelection;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.model.UNet2DConditionModel;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;

/**
 * What holds for every {@link AttentionEdit}: an author extends this with the edit and runs it as a
 * test class (with jqwik, on the JUnit platform).
 */
public abstract class AttentionEditProperties {
  /** The prompt that edits are tried on. */
  protected static final String PROMPT = "a red cat";

  private static final int TRIES = 5;
  private static final AttentionEdit IDENTITY = (site, probabilities, graph) -> probabilities;

  private static final class Model {
    static final DiffusionPipeline PIPELINE = open();

    private static DiffusionPipeline open() {
      try {
        return TestModels.tiny(7).device(Device.cpu(1)).open();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** The edit, made anew, where it acts by itself; for {@link #PROMPT} if it names words. */
  protected abstract AttentionEdit edit();

  /** The prompt of the source picture, for an edit that reads one. */
  protected String source() {
    return "a red dog";
  }

  private GenerationRequest request(long seed) {
    GenerationRequest request = GenerationRequest.of(PROMPT).seed(seed).steps(2).guidanceScale(3);
    return edit().needsSource() ? request.source(source()) : request;
  }

  private static float[] latents(GenerationRequest request) {
    var last = new ArrayList<Tensor>();
    Model.PIPELINE.generate(request, step -> last.add(step.latents()));
    return last.get(last.size() - 1).floats();
  }

  private static float[] first(GenerationRequest request, AttentionSite site) {
    GenerationResult result = Model.PIPELINE.generate(request);
    return result.attention().get(0).of(site.name()).floats();
  }

  private AttentionSite firstSite() {
    SiteSelection sites = edit().placement().sites();
    return Model.PIPELINE.attentionSites().stream()
        .filter(sites::selects)
        .findFirst()
        .orElseThrow(() -> new AssertionError(sites + " selects nothing of the tiny model"));
  }

  @Property(tries = TRIES)
  void anEditThatActsInNoStepChangesNothing(@ForAll @IntRange(max = 1000) int seed) {
    AttentionEdit identity = IDENTITY.at(edit().placement().sites());
    GenerationRequest plain = GenerationRequest.of(PROMPT).seed(seed).steps(2).guidanceScale(3);
    float[] inactive = latents(request(seed).edit(edit().during(0, 0)));
    if (edit().needsSource() || edit().placement().guides()) { // batches of other sizes
      assertArrayEquals(latents(plain.edit(identity)), inactive, 1e-5f);
    } else {
      assertArrayEquals(latents(plain.edit(identity)), inactive, 0f);
    }
    assertArrayEquals(latents(plain), inactive, 1e-4f);
  }

  @Property(tries = TRIES)
  void theIdentityBesideItChangesNothing(@ForAll @IntRange(max = 1000) int seed) {
    AttentionEdit identity = IDENTITY.at(edit().placement().sites());
    float[] alone = latents(request(seed).edit(edit()));
    assertArrayEquals(alone, latents(request(seed).edit(edit()).edit(identity)), 0f);
    assertArrayEquals(alone, latents(request(seed).edit(identity).edit(edit())), 0f);
  }

  @Property(tries = TRIES)
  void twoHalvesOfTheStepsAreTheWhole(
      @ForAll @IntRange(max = 1000) int seed, @ForAll @DoubleRange(max = 1) double middle) {
    GenerationRequest request = request(seed);
    if (!edit().placement().guides()) { // each half would bring rows of its own
      assertArrayEquals(
          latents(request.edit(edit().during(0, 1))),
          latents(request.edit(edit().during(0, middle)).edit(edit().during(middle, 1))),
          1e-6f);
    }
  }

  @Example
  void itActsOnItsHalfAlone() {
    if (edit().placement().guides()) {
      return;
    }
    AttentionSite site = firstSite();
    AttentionEdit capture = AttentionEdit.capture().at(edit().placement().sites());
    GenerationRequest request = request(3).steps(1);
    float[] plain =
        first(GenerationRequest.of(PROMPT).seed(3).steps(1).guidanceScale(3).edit(capture), site);
    float[] otherHalf =
        first(request.edit(edit().on(GuidanceHalf.UNCONDITIONAL)).edit(capture), site);
    assertArrayEquals(plain, otherHalf, 1e-6f);
  }

  @Example
  void itActsAtItsSitesAlone() {
    Graph network = UNet2DConditionModel.graph(Model.PIPELINE.checkpoint().config("unet"));
    var graph = AttentionGraph.of(network);
    AttentionSite site = firstSite();
    AttentionEdit one = edit().at(SiteSelection.all().where("of one", other -> other.equals(site)));
    assertEquals(List.of(site), graph.sites(one));
    assertEquals(fused(network) - 1, fused(graph.edited(List.of(one))));
  }

  private static long fused(Graph graph) {
    return graph.nodes().stream()
        .filter(node -> node.name().equals("com.microsoft.MultiHeadAttention"))
        .count();
  }

  @Example
  void probabilitiesStayFinite() {
    AttentionEdit capture = AttentionEdit.capture().at(edit().placement().sites());
    AttentionMaps maps =
        Model.PIPELINE.generate(request(3).edit(edit()).edit(capture)).attention().get(0);
    assertFalse(maps.sites().isEmpty());
    for (AttentionSite site : maps.sites()) {
      for (float value : maps.of(site.name()).floats()) {
        assertTrue(Float.isFinite(value), () -> value + " at " + site.name());
      }
    }
  }

  @Example
  void madeAnewItSharesItsGraph() {
    assertEquals(
        edit().structure(),
        edit().structure(),
        "each request would open the network anew; override structure()");
    assertEquals(edit().description(), edit().description());
  }
}
