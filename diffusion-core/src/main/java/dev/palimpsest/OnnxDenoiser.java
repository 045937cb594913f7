package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A diffusion network from an ONNX file of any exporter, whatever it calls its inputs. Its first
 * output is the prediction. Thread-safe; the caller closes it.
 *
 * <pre>{@code
 * try (Denoiser network = OnnxDenoiser.builder(Path.of("network.onnx"))
 *         .name("sample", "x").name("timestep", "t").channels(4).open(Device.cpu());
 *     var pipeline = DiffusionPipeline.builder(checkpoint).denoiser(network).open()) {
 *   ...
 * }
 * }</pre>
 */
public final class OnnxDenoiser extends ForwardingDenoiser<SessionDenoiser> {
  private OnnxDenoiser(SessionDenoiser network) {
    super(network);
  }

  public static Builder builder(Path model) {
    return new Builder(requireNonNull(model));
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if an input of the model is not given or one is given that it
   *     does not have
   * @throws IllegalStateException if the prediction has another shape than {@code x}
   */
  @Override
  public Tensor predict(
      Tensor x, double timestep, Conditioning conditioning, Cancellation cancellation) {
    Tensor out = network.predict(x, timestep, conditioning, cancellation);
    Shape expected = x.shape().withDim(1, (predictsVariance() ? 2L : 1L) * channels());
    checkState(
        out.shape().equals(expected),
        "%s returned shape %s for a sample of shape %s; expected %s",
        network,
        out.shape(),
        x.shape(),
        expected);
    return out;
  }

  @Override
  public void close() {
    network.close();
  }

  /** Says what the file's network takes and gives. */
  public static final class Builder {
    private final Path model;
    private final Map<String, String> names = new LinkedHashMap<>();
    private int channels = 4;
    private PredictionType predictionType = PredictionType.EPSILON;
    private boolean predictsVariance;

    private Builder(Path model) {
      this.model = model;
    }

    /**
     * What the model calls an input, where it has a name of its own.
     *
     * @param input {@code sample}, {@code timestep} or the name of a tensor of the conditioning,
     *     such as {@code encoder_hidden_states}
     * @param modelInput the name in the file
     */
    public Builder name(String input, String modelInput) {
      checkArgument(
          names.put(requireNonNull(input), requireNonNull(modelInput)) == null,
          "input %s is named twice",
          input);
      return this;
    }

    /** Channels of the sample, without those of a mask or a masked picture; default 4. */
    public Builder channels(int channels) {
      checkArgument(channels > 0, "channels must be > 0, was %s", channels);
      this.channels = channels;
      return this;
    }

    /** What the output is; default the noise. */
    public Builder predictionType(PredictionType type) {
      this.predictionType = requireNonNull(type);
      return this;
    }

    /** The output holds as many channels again, which interpolate the variance. */
    public Builder predictsVariance() {
      this.predictsVariance = true;
      return this;
    }

    /**
     * Opens the network; the caller closes it.
     *
     * @throws IllegalArgumentException if the model lacks an input that was named, the sample or
     *     the timestep; the message lists those it has
     * @throws dev.palimpsest.errors.CheckpointException if the file is no ONNX model that can be
     *     used
     * @throws dev.palimpsest.errors.DeviceUnavailableException if the device cannot be used
     * @throws IOException if the file cannot be read
     */
    public OnnxDenoiser open(Device device) throws IOException {
      Session session = Session.open(model, device);
      try {
        check(session);
        return new OnnxDenoiser(
            new SessionDenoiser(
                session,
                names,
                channels,
                predictionType,
                predictsVariance,
                EditableNetwork.ofFile(model, device)));
      } catch (RuntimeException e) {
        session.close();
        throw e;
      }
    }

    private void check(Session session) {
      var needed = new LinkedHashMap<>(names);
      List.of("sample", "timestep").forEach(name -> needed.putIfAbsent(name, name));
      needed.forEach(
          (name, modelInput) ->
              checkArgument(
                  session.inputs().containsKey(modelInput),
                  "%s has no input %s for %s; its inputs are %s",
                  model,
                  modelInput,
                  name,
                  session.inputs().values()));
    }
  }
}
