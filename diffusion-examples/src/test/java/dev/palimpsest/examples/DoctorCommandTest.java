package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class DoctorCommandTest {
  @Test
  void reportsThatEverythingWorksAndNoPrivatePath() {
    Cli doctor = Cli.run("doctor", "--device", "cpu", "--threads", 2);
    assertEquals(0, doctor.code(), doctor::out);
    for (String line :
        new String[] {
          "ok      device              cpu: cpu(2)",
          "ok      cases of random     2 of 2 passed",
          "ok      cases of tokenizer  5 of 5 passed",
          "ok      cases of unets      1 of 1 passed",
          "ok      generation          25 steps",
          "Everything works."
        }) {
      assertTrue(doctor.out().contains(line), doctor::out);
    }
    assertFalse(doctor.out().contains(System.getProperty("user.home")), doctor::out);
  }

  @Test
  void aDeviceThatDoesNotOpenFailsTheCheckAndTheRestGoesOn() {
    Cli doctor = Cli.run("doctor", "--device", "cuda:99");
    assertEquals(1, doctor.code());
    assertTrue(doctor.out().contains("FAILED  device"), doctor::out);
    assertTrue(doctor.out().contains("ok      cases of unets"), doctor::out);
    assertTrue(doctor.out().contains("1 of the checks failed."), doctor::out);
  }
}
