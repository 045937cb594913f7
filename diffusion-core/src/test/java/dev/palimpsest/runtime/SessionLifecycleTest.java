package dev.palimpsest.runtime;

import static dev.palimpsest.runtime.TestGraphs.chainInput;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.CancelledException;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SessionLifecycleTest {
  /** Many seconds of work on any machine. */
  private static final int LONG = 3_000;

  @Test
  void cancelStopsARunAndTheSessionStaysUsable() throws Exception {
    try (Session session = TestGraphs.chain(LONG, Device.cpu(2))) {
      for (int round = 0; round < 2; round++) {
        var cancellation = new Cancellation();
        var run = runLong(session, cancellation);
        Thread.sleep(200);
        assertFalse(run.isDone());
        long start = System.nanoTime();
        cancellation.cancel();
        assertCancelled(run);
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        assertTrue(millis < 1000, "stopped after " + millis + " ms");
      }
    }
  }

  @Test
  void oneCancellationStopsAllRunsThatShareIt() throws Exception {
    try (Session session = TestGraphs.chain(LONG, Device.cpu(1));
        Session other = TestGraphs.chain(LONG, Device.cpu(1))) {
      var shared = new Cancellation();
      var own = new Cancellation();
      var a = runLong(session, shared);
      var b = runLong(other, shared);
      var c = runLong(session, own);
      Thread.sleep(100);
      shared.cancel();
      shared.cancel();
      assertCancelled(a);
      assertCancelled(b);
      assertFalse(c.isDone());
      own.cancel();
      assertCancelled(c);
    }
  }

  @Test
  void cancelledBeforeTheRun() {
    var cancellation = new Cancellation();
    assertFalse(cancellation.isCancelled());
    cancellation.throwIfCancelled();
    cancellation.cancel();
    assertTrue(cancellation.isCancelled());
    assertThrows(CancelledException.class, cancellation::throwIfCancelled);
    try (Session session = TestGraphs.product()) {
      Tensor x = Tensor.zeros(Shape.of(1, 2));
      assertThrows(CancelledException.class, () -> session.run(Map.of("x", x), cancellation));
      assertArrayEquals(new float[3], TestGraphs.run(session, x).floats());
    }
  }

  @Test
  void closeWaitsForRuns() throws Exception {
    Session session = TestGraphs.chain(40, Device.cpu(1));
    float[] expected = TestGraphs.run(session, chainInput(1)).floats();
    var run = CompletableFuture.supplyAsync(() -> TestGraphs.run(session, chainInput(1)).floats());
    while (!run.isDone() && !session.isRunning()) {
      Thread.onSpinWait();
    }
    session.close();
    assertTrue(run.isDone() || isOver(run));
    assertArrayEquals(expected, run.get());
  }

  /** The lock is given back a moment before the future completes. */
  private static boolean isOver(CompletableFuture<?> run) throws Exception {
    run.get(1, TimeUnit.SECONDS);
    return true;
  }

  @Test
  void closingRefusesNewRunsAtOnce() throws Exception {
    Session session = TestGraphs.chain(LONG, Device.cpu(1));
    var cancellation = new Cancellation();
    var run = runLong(session, cancellation);
    while (!session.isRunning()) {
      Thread.onSpinWait();
    }
    var close = CompletableFuture.runAsync(session::close);
    Map<String, Tensor> inputs = Map.of("x", chainInput(1));
    while (!session.isClosed()) {
      Thread.onSpinWait();
    }
    assertThrows(IllegalStateException.class, () -> session.run(inputs));
    assertFalse(close.isDone());
    cancellation.cancel();
    assertCancelled(run);
    close.get(5, TimeUnit.SECONDS);
  }

  @Test
  void closedSessionsRefuseRunsByName() {
    Session session = TestGraphs.product();
    session.close();
    session.close();
    Map<String, Tensor> inputs = Map.of("x", Tensor.zeros(Shape.of(1, 2)));
    var e = assertThrows(IllegalStateException.class, () -> session.run(inputs));
    assertEquals("session product is closed", e.getMessage());
  }

  private static CompletableFuture<Map<String, Tensor>> runLong(
      Session session, Cancellation cancellation) {
    return CompletableFuture.supplyAsync(
        () -> session.run(Map.of("x", chainInput(1)), cancellation),
        task -> new Thread(task).start());
  }

  private static void assertCancelled(CompletableFuture<?> run) {
    var e = assertThrows(ExecutionException.class, () -> run.get(10, TimeUnit.SECONDS));
    assertInstanceOf(CancelledException.class, e.getCause());
  }
}
