"""From a trained network to the files that ship: safetensors to go on from, ONNX to run, both in half precision."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training import common


def safetensors(module: Any, path: Path) -> None:
    """The network's tensors, floats as float16."""
    from safetensors.torch import save_file

    tensors = {name: _half(tensor).contiguous() for name, tensor in module.state_dict().items()}
    common.save_atomically(path, lambda draft: save_file(tensors, draft))


def _half(tensor: Any) -> Any:
    return tensor.half() if tensor.is_floating_point() else tensor


def onnx(module: Any, inputs: dict[str, Any], outputs: Sequence[str], multiple: int, path: Path) -> None:
    """A network that goes on from states as ONNX, its weights stored as float16.

    `inputs`: name to an example, (1, frames, ...) for the first, whose frames are dynamic and a multiple of `multiple`;
    whatever comes after the last named input are states, "state_0" and so on, and come out as "next_0" and so on.
    """
    import torch

    from training.onnx_half import halved

    states = module.first_state()
    frames = torch.export.Dim("frames", min=1, max=100_000)
    first = next(iter(inputs))
    shapes = {name: ({1: multiple * frames} if name == first else None) for name in inputs}
    names = [f"state_{place}" for place in range(len(states))]
    draft = path.with_name(f".{path.name}.float32")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter uses what its own torch deprecates
            torch.onnx.export(
                module.eval(), (*inputs.values(), states), draft,
                input_names=[*inputs, *names],
                output_names=[*outputs, *(f"next_{place}" for place in range(len(states)))],
                dynamic_shapes=(*shapes.values(), [None] * len(states)),
                dynamo=True, external_data=False, verbose=False,
            )  # fmt: skip
        common.save_atomically(path, lambda target: halved(draft, target))
    finally:
        draft.unlink(missing_ok=True)
