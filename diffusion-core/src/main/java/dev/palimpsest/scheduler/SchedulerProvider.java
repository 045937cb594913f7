package dev.palimpsest.scheduler;

import java.util.List;
import java.util.Map;

/**
 * Makes a scheduler known by name; found with {@link java.util.ServiceLoader}. The scheduler's own
 * class may be its provider.
 *
 * <p>List the implementation, a public class with a public constructor without parameters, in
 * {@code META-INF/services/dev.palimpsest.scheduler.SchedulerProvider}. Each look-up asks the
 * thread's context class loader, where that sees this very interface, and then the loader of this
 * library; a class of one jar that both give counts once. Two providers of one name, built-in ones
 * included, are an {@link IllegalStateException} when that name is looked up; one that cannot be
 * made, or does not tell its names, is one at any look-up, and the message says in which jar it is.
 */
public interface SchedulerProvider {

  /** The short name, such as {@code "ddim"}; neither null nor blank. */
  String name();

  /**
   * The {@code _class_name} values of configuration files that mean this scheduler, as they are
   * written there; may be empty.
   */
  List<String> classNames();

  /**
   * The scheduler that a configuration describes.
   *
   * @param config the fields of {@code scheduler_config.json}, empty for all defaults; the noise
   *     schedule and the prediction type in it are read by the caller. Fields of other solvers may
   *     be there too, since a name may be put in place of the file's class
   * @throws dev.palimpsest.errors.UnsupportedModelException if a value is not known
   */
  Scheduler create(Map<String, Object> config);
}
