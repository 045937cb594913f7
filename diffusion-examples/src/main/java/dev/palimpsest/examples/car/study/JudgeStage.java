package dev.palimpsest.examples.car.study;

import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.esd.report.Proportion;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.TrainingResult;
import dev.palimpsest.training.TrainingRun;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Trains the judges and tests them on renders that they have not seen. */
final class JudgeStage implements Stage {
  static final String NAME = "judges";
  static final String WEIGHTS = "network.safetensors";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String title() {
    return "Judges: who says what a picture of a car shows, trained and tested on renders.";
  }

  @Override
  public Map<String, Object> run(StudyRun study) throws IOException {
    Path folder = study.folder().of(NAME);
    CarStudy.Inputs inputs = study.inputs();
    var training = new CarJudgeTraining(inputs.renders(), inputs.emoji());
    Weights weights;
    try (TrainingRun run =
        training.open(study.plan().judges(), study.training(), folder.resolve("run"))) {
      TrainingResult result =
          run.train(study.begin("judges", run.step(), run.steps()), study.cancellation());
      study.ended("the training of the judges", result.step(), run.steps());
      weights = result.best();
    }
    var tensors = new TreeMap<String, Tensor>();
    weights.names().forEach(name -> tensors.put(name, weights.get(name)));
    Safetensors.write(folder.resolve(WEIGHTS), tensors, Map.of());
    try (CarJudges judges = CarJudges.open(inputs.renders(), weights, Device.cpu(1))) {
      return test(judges, inputs.renders().heldOut());
    }
  }

  /** By parameter: how many held-out renders were judged rightly. */
  private static Map<String, Object> test(CarJudges judges, List<LabelledRender> renders)
      throws IOException {
    var pictures = new ArrayList<BufferedImage>();
    for (LabelledRender render : renders) {
      pictures.add(Pictures.read(render.file()));
    }
    List<Seen> seen = judges.look(pictures);
    Map<String, Object> result = new LinkedHashMap<>();
    for (Question question : Question.values()) {
      int right = 0;
      for (int i = 0; i < renders.size(); i++) {
        String label = renders.get(i).labels().get(question.parameter());
        right += seen.get(i).answer(question).equals(label) ? 1 : 0;
      }
      result.put(question.parameter(), Shares.json(new Proportion(right, renders.size())));
    }
    return result;
  }
}
