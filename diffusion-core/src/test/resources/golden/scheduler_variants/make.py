"""Makes manifest.json and scheduler_variants.safetensors: trajectories of diffusers' schedulers in
configurations that the golden cases of area schedulers leave out, in their format.

Run with diffusers 0.42.1 and torch 2.15.0: python make.py
"""

import json
import math
from pathlib import Path

import diffusers
import torch
from safetensors.torch import save_file

HERE = Path(__file__).parent
SD = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
STEPS = dict(num_inference_steps=9)

CASES = [
    ("DEISMultistepScheduler", dict(SD, solver_order=3, lower_order_final=False), dict(num_inference_steps=17)),
    ("DEISMultistepScheduler", dict(SD, solver_order=2, thresholding=True, sample_max_value=1.5), STEPS),
    ("DEISMultistepScheduler", dict(SD, solver_order=2, use_karras_sigmas=True), dict(num_inference_steps=17)),
    ("DEISMultistepScheduler", dict(use_flow_sigmas=True, flow_shift=3.0, prediction_type="flow_prediction"), STEPS),
    ("UniPCMultistepScheduler", dict(SD, solver_order=3, solver_type="bh1", final_sigmas_type="sigma_min"), STEPS),
    ("UniPCMultistepScheduler", dict(SD, solver_order=3, predict_x0=False, final_sigmas_type="sigma_min"), STEPS),
    ("UniPCMultistepScheduler", dict(SD, solver_order=4, disable_corrector=[2]), dict(num_inference_steps=17)),
    ("UniPCMultistepScheduler", dict(use_flow_sigmas=True, use_dynamic_shifting=True,
                                     time_shift_type="linear", prediction_type="flow_prediction",
                                     shift_terminal=0.05), dict(STEPS, mu=1.7)),
    ("UniPCMultistepScheduler", dict(SD, use_flow_sigmas=True, use_karras_sigmas=True,
                                     prediction_type="flow_prediction"), STEPS),
    ("UniPCMultistepScheduler", dict(SD, use_karras_sigmas=True, sigma_min=0.1, sigma_max=8.0), STEPS),
    ("DEISMultistepScheduler", dict(beta_schedule="squaredcos_cap_v2", use_karras_sigmas=True), STEPS),
    ("DPMSolverMultistepScheduler", dict(beta_schedule="squaredcos_cap_v2", use_karras_sigmas=True), STEPS),
    ("SASolverScheduler", dict(SD, algorithm_type="noise_prediction"), STEPS),
    ("SASolverScheduler", dict(SD, predictor_order=3, corrector_order=4), STEPS),
    ("SASolverScheduler", dict(SD, predictor_order=1, corrector_order=1, prediction_type="v_prediction"), STEPS),
    ("SASolverScheduler", dict(SD, predictor_order=3, corrector_order=2, lower_order_final=False), dict(num_inference_steps=17)),
    ("SASolverScheduler", dict(SD, use_karras_sigmas=True, timestep_spacing="trailing"), STEPS),
    ("DPMSolverSinglestepScheduler", dict(SD, solver_order=3, solver_type="heun"), STEPS),
    ("DPMSolverSinglestepScheduler", dict(SD, solver_order=3, algorithm_type="sde-dpmsolver++", solver_type="heun"), STEPS),
    ("DPMSolverSinglestepScheduler", dict(SD, solver_order=3, algorithm_type="sde-dpmsolver++"), STEPS),
    ("DPMSolverSinglestepScheduler", dict(SD, solver_order=3, algorithm_type="dpmsolver", solver_type="heun",
                                          final_sigmas_type="sigma_min", prediction_type="sample"), STEPS),
    ("DDIMInverseScheduler", dict(SD, prediction_type="v_prediction", clip_sample=True, clip_sample_range=0.8), STEPS),
    ("DDIMInverseScheduler", dict(SD, clip_sample=False, timestep_spacing="trailing", set_alpha_to_one=False), STEPS),
    ("TCDScheduler", dict(original_inference_steps=25, prediction_type="sample"), dict(num_inference_steps=7)),
    ("FlowMatchEulerDiscreteScheduler", dict(shift=3.0, use_beta_sigmas=True), STEPS),
    ("FlowMatchEulerDiscreteScheduler", dict(shift=2.0, use_exponential_sigmas=True, shift_terminal=0.1), STEPS),
    ("FlowMatchEulerDiscreteScheduler", dict(invert_sigmas=True, stochastic_sampling=True,
                                             use_dynamic_shifting=True), dict(STEPS, mu=0.5)),
    ("IPNDMScheduler", dict(), dict(num_inference_steps=3)),
    ("KDPM2DiscreteScheduler", dict(prediction_type="v_prediction", use_karras_sigmas=True), dict(num_inference_steps=5)),
    ("LMSDiscreteScheduler", dict(SD, use_karras_sigmas=True), STEPS),
]


def network(x, t):
    return torch.tanh(0.7 * x + float(torch.tensor(0.1 * math.sin(float(t) / 50), dtype=torch.float32)))


def main():
    arrays, cases = {}, []
    for index, (name, config, set_timesteps) in enumerate(CASES):
        draws = []

        def randn(shape, generator=None, device=None, dtype=None):
            draws.append(torch.randn(shape, generator=source, dtype=dtype))
            return draws[-1]

        source = torch.Generator().manual_seed(index)
        scheduler = getattr(diffusers, name)(**config)
        module = __import__(scheduler.__module__, fromlist=["x"])
        if hasattr(module, "randn_tensor"):
            module.randn_tensor = randn
        scheduler.set_timesteps(**set_timesteps)
        if hasattr(scheduler, "set_begin_index"):  # else it skips a step where timesteps repeat
            scheduler.set_begin_index(0)
        sigma = float(scheduler.init_noise_sigma) if hasattr(scheduler, "init_noise_sigma") else 1.0
        x = torch.randn((1, 2, 3, 4), generator=source) * sigma
        key = f"{index}_{name}"
        case = dict(id=key, kind="scheduler", config=dict(config, _class_name=name),
                    set_timesteps=set_timesteps, step_args={}, init_noise_sigma=sigma,
                    inputs={}, expected={}, tolerance=dict(atol=2e-4, rtol=2e-4))
        arrays[key + "/in/x_T"] = x.clone()
        states = []
        for t in scheduler.timesteps:
            scaled = scheduler.scale_model_input(x, t) if hasattr(scheduler, "scale_model_input") else x
            x = scheduler.step(network(scaled, t), t, x).prev_sample
            states.append(x.clone())
        arrays[key + "/out/prev_samples"] = torch.stack(states)
        arrays[key + "/out/timesteps"] = scheduler.timesteps.clone()
        if hasattr(scheduler, "sigmas"):
            arrays[key + "/out/sigmas"] = scheduler.sigmas.clone()
        if draws:
            arrays[key + "/in/noise"] = torch.stack(draws)
        for array in arrays:
            case_key, way, what = array.split("/")
            if case_key == key:
                case["inputs" if way == "in" else "expected"][what] = dict(key=array)
        cases.append(case)
    (HERE / "manifest.json").write_text(json.dumps(dict(cases=cases), separators=(",", ":")))
    save_file(arrays, HERE / "scheduler_variants.safetensors")


if __name__ == "__main__":
    main()
