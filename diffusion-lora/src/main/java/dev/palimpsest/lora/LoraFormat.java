package dev.palimpsest.lora;

/** How a LoRA file names its tensors. */
public enum LoraFormat {
  /**
   * {@code unet.<module>.lora_A.weight}, as diffusers saves; alphas are in the header's {@code
   * lora_adapter_metadata}.
   */
  PEFT,
  /**
   * {@code unet.<module>.lora.down.weight}, as older diffusers saved; alphas as in {@link #PEFT}.
   */
  DIFFUSERS,
  /**
   * {@code lora_unet_<module>.lora_down.weight} with {@code .alpha} beside, as kohya's scripts save
   * and most sites ship.
   */
  KOHYA
}
