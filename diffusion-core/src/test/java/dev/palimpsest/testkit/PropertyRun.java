package dev.palimpsest.testkit;

import static com.google.common.base.Preconditions.checkState;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import dev.palimpsest.scheduler.Scheduler;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.EngineFilter;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs {@link SchedulerProperties} as a plugin author's build does, and says what failed. */
final class PropertyRun {
  private PropertyRun() {}

  /** The subject of the run that is under way: jqwik makes the objects itself. */
  private static @Nullable Supplier<Scheduler> scheduler;

  private static @Nullable SchedulerTraits traits;

  /** The properties that a scheduler fails, each with its message; properties that ran, counted. */
  record Outcome(int properties, Map<String, String> failures) {}

  static synchronized Outcome of(Supplier<Scheduler> subject, SchedulerTraits claimed) {
    scheduler = subject;
    traits = claimed;
    var failures = new TreeMap<String, String>();
    int[] count = {0};
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(selectClass(Subject.class))
            .filters(EngineFilter.includeEngines("jqwik"))
            // None: what one scheduler failed with is not to be tried first on the next.
            .configurationParameter("jqwik.database", "")
            // Not to the console: failures are expected.
            .configurationParameter("jqwik.reporting.usejunitplatform", "true")
            .build();
    LauncherFactory.create()
        .execute(
            request,
            new TestExecutionListener() {
              @Override
              public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                test.getSource()
                    .filter(MethodSource.class::isInstance)
                    .map(source -> ((MethodSource) source).getMethodName())
                    .ifPresent(
                        name -> {
                          count[0]++;
                          result
                              .getThrowable()
                              .ifPresent(e -> failures.put(name, String.valueOf(e.getMessage())));
                        });
              }
            });
    return new Outcome(count[0], failures);
  }

  static final class Subject extends SchedulerProperties {
    @Override
    protected Scheduler scheduler() {
      checkState(scheduler != null, "no scheduler under test");
      return scheduler.get();
    }

    @Override
    protected SchedulerTraits traits() {
      checkState(traits != null, "no traits under test");
      return traits;
    }
  }
}
