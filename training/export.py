"""From a trained network to the files that ship: safetensors to go on from, ONNX to run, both in half precision."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training import common
from training.onnx_half import half, is_halved, refer


def safetensors(module: Any, path: Path) -> None:
    """The network's tensors; those that `onnx_half` keeps in 16 bits so here too."""
    from safetensors.torch import save

    tensors = {name: _stored(tensor) for name, tensor in module.state_dict().items()}
    common.save_bytes(path, save(tensors))


def _stored(tensor: Any) -> Any:
    tensor = tensor.detach().cpu().contiguous()
    return tensor.half() if is_halved(tensor.numpy()) else tensor


def onnx(module: Any, inputs: dict[str, Any], outputs: Sequence[str], multiple: int, path: Path) -> None:
    """A network that goes on from states as ONNX; its weights stay in the safetensors of that name, beside it.

    `inputs`: name to an example, (1, frames, ...) for the first, whose frames are dynamic and a multiple of `multiple`;
    whatever comes after the last named input are states, "state_0" and so on, and come out as "next_0" and so on.
    """
    import onnx as files
    import torch

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
        model = refer(half(as_trained(files.load(draft), module)), path.with_suffix(".safetensors"))
        common.save_atomically(path, lambda target: files.save(model, target))
    finally:
        draft.unlink(missing_ok=True)


def as_trained(model: Any, module: Any) -> Any:
    """Let matrices that the exporter turned round be stored as they were trained, so that they are stored once.

    An initialiser that is a parameter's transpose becomes that parameter, and a Transpose in the graph, which
    onnxruntime does once, when it loads the model. The onnx.ModelProto is changed and returned.
    """
    from onnx import helper, numpy_helper

    own = {name: tensor.detach().cpu().numpy() for name, tensor in module.state_dict().items() if tensor.ndim == 2}
    turned = {values.T.tobytes(): name for name, values in own.items()}
    nodes = []
    for tensor in model.graph.initializer:
        name = turned.get(numpy_helper.to_array(tensor).tobytes()) if len(tensor.dims) == 2 else None
        if name is not None and name != tensor.name:
            nodes.append(helper.make_node("Transpose", [name], [tensor.name], perm=[1, 0]))
            tensor.CopyFrom(numpy_helper.from_array(own[name], name))
    rest = [*nodes, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(rest)
    return model
