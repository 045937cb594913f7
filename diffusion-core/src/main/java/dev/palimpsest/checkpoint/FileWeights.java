package dev.palimpsest.checkpoint;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The tensors of one safetensors file or of several shards. */
final class FileWeights implements Weights {
  private final String what;
  private final Map<String, Safetensors> files;

  private FileWeights(String what, Map<String, Safetensors> files) {
    this.what = what;
    this.files = Collections.unmodifiableMap(files);
  }

  static FileWeights of(Safetensors file) {
    Map<String, Safetensors> files = new TreeMap<>();
    file.names().forEach(name -> files.put(name, file));
    return new FileWeights(file.path().toString(), files);
  }

  /** The shards beside {@code index}, which must hold exactly the tensors that it lists. */
  static FileWeights sharded(Path index) throws CheckpointException {
    Map<String, String> listed = listed(index);
    Map<String, Safetensors> files = new TreeMap<>();
    for (String shard : new java.util.TreeSet<>(listed.values())) {
      for (Map.Entry<String, Safetensors> entry : shard(index, shard).entrySet()) {
        String name = entry.getKey();
        Safetensors other = files.put(name, entry.getValue());
        if (other != null) {
          throw new CheckpointException(
              index
                  + ": tensor "
                  + name
                  + " is in "
                  + other.path().getFileName()
                  + " and "
                  + shard);
        }
        if (!shard.equals(listed.get(name))) {
          throw new CheckpointException(
              String.format(
                  "%s: tensor %s is in %s but the index says %s",
                  index, name, shard, listed.getOrDefault(name, "nothing of it")));
        }
      }
    }
    for (Map.Entry<String, String> entry : listed.entrySet()) {
      if (!files.containsKey(entry.getKey())) {
        throw new CheckpointException(
            index + ": tensor " + entry.getKey() + " is not in " + entry.getValue());
      }
    }
    return new FileWeights(index.toString(), files);
  }

  private static Map<String, Safetensors> shard(Path index, String shard)
      throws CheckpointException {
    Path path = index.resolveSibling(shard);
    if (!Files.isRegularFile(path)) {
      throw new CheckpointException(index + ": shard " + shard + " is missing");
    }
    Safetensors file = Safetensors.read(path);
    Map<String, Safetensors> tensors = new TreeMap<>();
    file.names().forEach(name -> tensors.put(name, file));
    return tensors;
  }

  private static Map<String, String> listed(Path index) throws CheckpointException {
    if (!(Json.readObject(index).get("weight_map") instanceof Map<?, ?> map)) {
      throw new CheckpointException(index + ": no object weight_map");
    }
    Map<String, String> listed = new TreeMap<>();
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      if (!(entry.getValue() instanceof String shard) || !isFileName(shard)) {
        throw new CheckpointException(
            String.format(
                "%s: tensor %s is said to be in %s; a .safetensors file beside the index was"
                    + " expected",
                index, entry.getKey(), entry.getValue()));
      }
      listed.put((String) entry.getKey(), shard);
    }
    return listed;
  }

  private static boolean isFileName(String shard) {
    return shard.matches("[\\w.,+=@ -]+\\.safetensors");
  }

  @Override
  public Set<String> names() {
    return files.keySet();
  }

  @Override
  public Tensor get(String name) {
    return file(name).tensor(name);
  }

  @Override
  public DType dtype(String name) {
    return file(name).dtype(name);
  }

  @Override
  public Shape shape(String name) {
    return file(name).shape(name);
  }

  @Override
  public String origin(String name) {
    return file(name).path().toString();
  }

  @Override
  public List<WeightLayer> layers() {
    return List.of();
  }

  private Safetensors file(String name) {
    Safetensors file = files.get(name);
    checkArgument(file != null, "no tensor %s in %s", name, what);
    return requireNonNull(file);
  }
}
