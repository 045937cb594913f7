package dev.palimpsest.examples;

import static java.util.Objects.requireNonNull;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.palimpsest.runtime.Cancellation;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command line. Each command is a class of its own, listed here. */
@Command(
    name = "palimpsest",
    description = {
      "Diffusion for the JVM: generate, erase, write again.",
      "Without a command: draws the contact sheet of the starter model (the command sheet)."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Palimpsest.Version.class,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:done", "1:it failed", "2:the command line or an argument is wrong"},
    subcommands = {
      SheetCommand.class,
      GenerateCommand.class,
      LikelihoodCommand.class,
      InvertCommand.class,
      EraseCommand.class,
      InfoCommand.class,
      MergeLoraCommand.class,
      ConvertLoraCommand.class,
      TrainProbeCommand.class,
      ConformanceCommand.class,
      BenchCommand.class,
      BenchLargeCommand.class,
      BenchTrainingCommand.class,
      BenchErasureCommand.class,
      DoctorCommand.class,
      FashionStudyCommand.class,
      LossPlotCommand.class,
      TrainStarterCommand.class,
      TrainJudgeCommand.class,
      CarRendersCommand.class,
      CarStudyCommand.class,
      TrainLoraCommand.class,
      LoraStudyCommand.class,
      JudgeCommand.class,
      ReportCommand.class,
      ErasureStudyCommand.class,
      CommandLine.HelpCommand.class
    })
public final class Palimpsest implements Callable<Integer> {
  private static final Duration LONGEST_FAREWELL = Duration.ofSeconds(10);

  private final Cancellation cancellation = new Cancellation();

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--stacktrace",
      scope = ScopeType.INHERIT,
      description = "Show where an error came from.")
  private boolean stacktrace;

  public static void main(String[] args) {
    System.setProperty("java.awt.headless", "true");
    // From JDK 22 on, some versions' default console is there even when nobody watches.
    System.setProperty("jdk.console", "java.base");
    var application = new Palimpsest();
    var ended = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  application.cancellation.cancel();
                  if (!Uninterruptibles.awaitUninterruptibly(ended, LONGEST_FAREWELL)) {
                    System.err.println("what was under way did not stop; ending all the same");
                  }
                },
                "cancel at exit"));
    int code = application.commandLine().execute(args);
    ended.countDown();
    System.exit(code);
  }

  /** A new command line over this object. */
  CommandLine commandLine() {
    return new CommandLine(this)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(new Failures(this))
        .setParameterExceptionHandler(Failures::misused)
        .setUsageHelpAutoWidth(true);
  }

  @Override
  public Integer call() {
    return requireNonNull(spec.commandLine().getSubcommands().get("sheet")).execute();
  }

  /** Cancelled when the process is asked to end. */
  Cancellation cancellation() {
    return cancellation;
  }

  boolean stacktrace() {
    return stacktrace;
  }

  static String version() {
    String version = Palimpsest.class.getPackage().getImplementationVersion();
    return version == null ? "(not packaged)" : version;
  }

  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"palimpsest " + version()};
    }
  }
}
