package dev.palimpsest.plugin;

import dev.palimpsest.scheduler.Evaluator;
import dev.palimpsest.scheduler.FinalSigma;
import dev.palimpsest.scheduler.NoiseLevels;
import dev.palimpsest.scheduler.SchedulePlan;
import dev.palimpsest.scheduler.Scheduler;
import dev.palimpsest.scheduler.SchedulerProvider;
import dev.palimpsest.scheduler.SchedulerRun;
import dev.palimpsest.scheduler.SigmaSpacing;
import dev.palimpsest.scheduler.SolverRun;
import java.util.List;
import java.util.Map;

/** Euler's method in one class, with the public API only. */
public final class PluginEuler implements Scheduler, SchedulerProvider {
  @Override
  public String name() {
    return "plugin_euler";
  }

  @Override
  public List<String> classNames() {
    return List.of("PluginEulerScheduler");
  }

  @Override
  public Scheduler create(Map<String, Object> config) {
    return this;
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    NoiseLevels levels = NoiseLevels.exploding(plan, SigmaSpacing.TIMESTEPS, FinalSigma.ZERO);
    return new SolverRun(plan, levels) {
      @Override
      protected float[] advance(int k, float[] x, Evaluator at) {
        float[] denoised = at.predict(k, x).denoised();
        float ratio = levels.sigma(k + 1) / levels.sigma(k);
        float[] next = new float[x.length];
        for (int i = 0; i < x.length; i++) {
          next[i] = denoised[i] + ratio * (x[i] - denoised[i]);
        }
        return next;
      }
    };
  }
}
