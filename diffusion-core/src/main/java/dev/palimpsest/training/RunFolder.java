package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.file.SettingChange;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder of a run: its two last states, each one file that appears whole or not at all, and the
 * log of its steps. One run at a time holds it.
 */
final class RunFolder implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RunFolder.class);
  private static final Pattern STATE = Pattern.compile("state-\\d{10}\\.safetensors");
  private static final Pattern REST = Pattern.compile("\\.state-\\d{10}\\.safetensors\\..*");
  private static final int KEPT = 2;
  private static final String FORMAT = "palimpsest training state 1";
  private static final String SETTING = "setting.";

  private final Path folder;
  private final Map<String, String> settings;
  private final Stages stages;
  private final FileChannel lockFile;
  private final EventLog events;

  /** Told of each stage of saving, so that tests can fail there. */
  interface Stages {
    Stages NONE = stage -> {};

    void at(String stage) throws IOException;
  }

  private RunFolder(Path folder, Map<String, String> settings, Stages stages, FileChannel lock) {
    this.folder = folder;
    this.settings = new TreeMap<>(settings);
    this.stages = stages;
    this.lockFile = lock;
    this.events = new EventLog(folder.resolve("events.csv"));
  }

  /**
   * @throws IllegalStateException if another run holds it
   */
  static RunFolder open(Path folder, Map<String, String> settings, Stages stages)
      throws IOException {
    Files.createDirectories(folder);
    FileChannel channel =
        FileChannel.open(
            folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock == null) {
        throw new OverlappingFileLockException();
      }
      return new RunFolder(folder, settings, stages, channel);
    } catch (OverlappingFileLockException e) {
      channel.close();
      throw new IllegalStateException(folder + " is held by another run", e);
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  EventLog events() {
    return events;
  }

  /**
   * The last state that can be read, with the log cut back to it; empty in a new folder.
   *
   * @throws IllegalArgumentException if it was started with other settings
   * @throws CheckpointException if there are states and none can be read
   */
  Optional<TrainingState> load() throws IOException {
    List<Path> states = files(STATE);
    for (int i = states.size() - 1; i >= 0; i--) {
      Path file = states.get(i);
      try {
        return Optional.of(load(file));
      } catch (CheckpointException e) {
        LOG.warn("{} is unreadable and set aside; going on from the state before it", file, e);
        Files.move(
            file,
            file.resolveSibling(file.getFileName() + ".unreadable"),
            StandardCopyOption.REPLACE_EXISTING);
      }
    }
    if (!states.isEmpty()) {
      throw new CheckpointException(folder + ": none of the states " + states + " can be read");
    }
    events.begin();
    return Optional.empty();
  }

  private TrainingState load(Path file) throws IOException {
    Safetensors data = Safetensors.read(file);
    Map<String, String> meta = data.metadata();
    if (!FORMAT.equals(meta.get("format"))) {
      throw new CheckpointException(file + ": is no state of a training");
    }
    Map<String, Tensor> tensors = new TreeMap<>();
    data.names().forEach(name -> tensors.put(name, data.tensor(name)));
    String digest = digest(without(meta, "digest"), tensors);
    if (!digest.equals(meta.get("digest"))) {
      throw new CheckpointException(
          file + ": its contents give the digest " + digest + ", not " + meta.get("digest"));
    }
    checkSettings(meta);
    events.cut(Long.parseLong(String.valueOf(meta.get("events"))));
    return new TrainingState(
        Long.parseLong(String.valueOf(meta.get("step"))),
        Long.parseLong(String.valueOf(meta.get("updates"))),
        Double.parseDouble(String.valueOf(meta.get("loss_scale"))),
        Long.parseLong(String.valueOf(meta.get("steady"))),
        tensors);
  }

  private void checkSettings(Map<String, String> meta) {
    var before = new TreeMap<String, String>();
    meta.forEach(
        (key, value) -> {
          if (key.startsWith(SETTING)) {
            before.put(key.substring(SETTING.length()), value);
          }
        });
    List<SettingChange> changed = SettingChange.between(before, settings);
    checkArgument(
        changed.isEmpty(),
        "%s holds a run that was started with other settings: %s",
        folder,
        SettingChange.text(changed));
  }

  /** Makes {@code state} the last one; on failure the ones before it are intact. */
  void save(TrainingState state) throws IOException {
    Map<String, String> meta = new TreeMap<>();
    settings.forEach((name, value) -> meta.put(SETTING + name, value));
    meta.put("format", FORMAT);
    meta.put("step", Long.toString(state.step()));
    meta.put("updates", Long.toString(state.updates()));
    meta.put("loss_scale", Double.toString(state.lossScale()));
    meta.put("steady", Long.toString(state.steady()));
    meta.put("events", Long.toString(events.sync()));
    meta.put("digest", digest(meta, state.tensors()));
    stages.at("events synced");
    Path file = folder.resolve(String.format("state-%010d.safetensors", state.step()));
    Safetensors.write(file, state.tensors(), meta);
    stages.at("state written");
    syncFolder();
    stages.at("folder synced");
    List<Path> states = files(STATE);
    for (Path old : states.subList(0, Math.max(0, states.size() - KEPT))) {
      Files.deleteIfExists(old);
    }
    for (Path rest : files(REST)) {
      Files.deleteIfExists(rest);
    }
    stages.at("older deleted");
  }

  /** The rename must reach the device before an older state goes. */
  private void syncFolder() {
    try (var channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      // Windows opens no folders, and its renames need no help.
      LOG.debug("{} cannot be synced", folder, e);
    }
  }

  private static Map<String, String> without(Map<String, String> map, String key) {
    var copy = new TreeMap<>(map);
    copy.remove(key);
    return copy;
  }

  private static String digest(Map<String, String> meta, Map<String, Tensor> tensors) {
    var crc = new CRC32C();
    new TreeMap<>(meta).forEach((key, value) -> crc.update((key + "=" + value).getBytes(UTF_8)));
    new TreeMap<>(tensors)
        .forEach(
            (name, tensor) -> {
              crc.update((name + tensor).getBytes(UTF_8));
              crc.update(tensor.bytes());
            });
    return Long.toHexString(crc.getValue());
  }

  /** The files of a pattern, sorted by name. */
  private List<Path> files(Pattern pattern) throws IOException {
    try (var all = Files.list(folder)) {
      return all.filter(path -> pattern.matcher(String.valueOf(path.getFileName())).matches())
          .sorted(Comparator.naturalOrder())
          .toList();
    }
  }

  @Override
  public void close() throws IOException {
    events.close();
    lockFile.close();
  }
}
