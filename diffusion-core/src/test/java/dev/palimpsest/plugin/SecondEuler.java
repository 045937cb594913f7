package dev.palimpsest.plugin;

import dev.palimpsest.scheduler.Scheduler;
import dev.palimpsest.scheduler.SchedulerProvider;
import dev.palimpsest.scheduler.Schedulers;
import java.util.List;
import java.util.Map;

/** Takes a name and a class name that the library has. */
public final class SecondEuler implements SchedulerProvider {
  @Override
  public String name() {
    return "euler";
  }

  @Override
  public List<String> classNames() {
    return List.of("EulerDiscreteScheduler");
  }

  @Override
  public Scheduler create(Map<String, Object> config) {
    return Schedulers.euler();
  }
}
