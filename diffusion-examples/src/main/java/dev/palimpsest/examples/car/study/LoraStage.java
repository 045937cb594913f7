package dev.palimpsest.examples.car.study;

import dev.palimpsest.lora.Lora;
import java.io.IOException;
import java.util.Map;

/** Teaches the car to the erased model. */
final class LoraStage implements Stage {
  static final String NAME = "lora";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String title() {
    return "LoRA: the car, on the erased model.";
  }

  @Override
  public Map<String, Object> run(StudyRun study) throws IOException {
    Lora lora = new CarTraining(study, study.erased(), study.folder().of(NAME)).train();
    return Map.of("modules", lora.modules().size(), "hash", study.stack().hash());
  }
}
