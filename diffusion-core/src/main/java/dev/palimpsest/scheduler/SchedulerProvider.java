package dev.palimpsest.scheduler;

import java.util.List;
import java.util.Map;

/**
 * Makes a scheduler known by name; found with {@link java.util.ServiceLoader}.
 *
 * <p>List the implementation in {@code
 * META-INF/services/dev.palimpsest.scheduler.SchedulerProvider}. Two providers of one name are an
 * error when the name is looked up.
 */
public interface SchedulerProvider {

  /** The short name, such as {@code "ddim"}. */
  String name();

  /**
   * The {@code _class_name} values of configuration files that mean this scheduler; may be empty.
   */
  List<String> classNames();

  /**
   * The scheduler that a configuration describes.
   *
   * @param config the fields of {@code scheduler_config.json}, empty for all defaults; the noise
   *     schedule and the prediction type in it are read by the caller
   * @throws dev.palimpsest.errors.UnsupportedModelException if a value is not known
   */
  Scheduler create(Map<String, Object> config);
}
