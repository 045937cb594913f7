package dev.palimpsest.testkit;

import dev.palimpsest.attention.AttentionEdit;
import dev.palimpsest.attention.SiteSelection;
import java.awt.image.BufferedImage;
import net.jqwik.api.Group;

/** The built-in attention edits hold what is asked of every edit. */
class BuiltInEditsTest {
  @Group
  class Reweighting extends AttentionEditProperties {
    @Override
    protected AttentionEdit edit() {
      return AttentionEdit.reweight("red", 3);
    }
  }

  @Group
  class Suppression extends AttentionEditProperties {
    @Override
    protected AttentionEdit edit() {
      return AttentionEdit.suppress("red cat");
    }
  }

  @Group
  class Replacement extends AttentionEditProperties {
    @Override
    protected AttentionEdit edit() {
      return AttentionEdit.replace();
    }
  }

  @Group
  class Refinement extends AttentionEditProperties {
    @Override
    protected AttentionEdit edit() {
      return AttentionEdit.refine();
    }

    @Override
    protected String source() {
      return "a cat";
    }
  }

  @Group
  class Injection extends AttentionEditProperties {
    @Override
    protected AttentionEdit edit() {
      return AttentionEdit.injectSelf().at(SiteSelection.self());
    }
  }

  @Group
  class Region extends AttentionEditProperties {
    @Override
    protected AttentionEdit edit() {
      return AttentionEdit.within(new BufferedImage(4, 4, BufferedImage.TYPE_INT_RGB), "red");
    }
  }

  @Group
  class PerturbedGuidance extends AttentionEditProperties {
    @Override
    protected AttentionEdit edit() {
      return AttentionEdit.perturbedGuidance(2).at(SiteSelection.self());
    }
  }
}
