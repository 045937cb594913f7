package plugin;

import dev.palimpsest.scheduler.Scheduler;
import dev.palimpsest.testkit.SchedulerProperties;
import dev.palimpsest.testkit.SchedulerTraits;

/** The test kit is all that a solver needs to be tested. */
class GradientEstimationTest extends SchedulerProperties {
  @Override
  protected Scheduler scheduler() {
    return new GradientEstimation();
  }

  @Override
  protected SchedulerTraits traits() {
    return SchedulerTraits.ode(1).multistep();
  }
}
