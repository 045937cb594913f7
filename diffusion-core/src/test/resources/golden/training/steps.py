"""Writes steps.safetensors: a tiny U-Net trained for six steps with torch 2.15.0 and diffusers 0.42.1, on the CPU.

AdamW with clipping at 0.5, a rate that rises over three steps, two batches a step, class labels.
"""
import torch
from diffusers import UNet2DModel
from diffusers.optimization import get_scheduler
from safetensors.torch import save_file

torch.manual_seed(0)
torch.use_deterministic_algorithms(True)
model = UNet2DModel(
    sample_size=8, in_channels=2, out_channels=2, layers_per_block=1, block_out_channels=(8, 16),
    down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    norm_num_groups=4, num_class_embeds=5,
)
STEPS, ACCUMULATE, BATCH = 6, 2, 3
out = {f"initial/{n}": p.detach().clone() for n, p in model.state_dict().items()}
n = STEPS * ACCUMULATE
samples, targets = torch.randn(n, BATCH, 2, 8, 8), torch.randn(n, BATCH, 2, 8, 8)
timesteps, labels = torch.randint(0, 1000, (n, BATCH)), torch.randint(0, 5, (n, BATCH))
out |= {"sample": samples, "target": targets, "timestep": timesteps.float(), "labels": labels}
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
rate = get_scheduler("constant_with_warmup", optimizer, num_warmup_steps=3)
losses, norms = [], []
for step in range(STEPS):
    total = 0.0
    for k in range(ACCUMULATE):
        i = step * ACCUMULATE + k
        prediction = model(samples[i], timesteps[i], class_labels=labels[i]).sample
        loss = torch.nn.functional.mse_loss(prediction, targets[i]) / ACCUMULATE
        loss.backward()
        total += loss.item()
    losses.append(total)
    norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5).item())
    optimizer.step()
    rate.step()
    optimizer.zero_grad()
out["losses"], out["norms"] = torch.tensor(losses), torch.tensor(norms)
out |= {f"final/{n}": p.detach().clone() for n, p in model.state_dict().items()}
save_file({k: v.contiguous() for k, v in out.items()}, "steps.safetensors")
print(losses, norms)
