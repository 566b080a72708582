"""Models at half the size: an ONNX file's weights in 16 bits, while everything is still computed in 32.

A Cast in the graph makes 32 bits of each stored weight; onnxruntime does that once, when it loads the model. A rounded
weight w is off by at most |w| / 2,048 (or 3e-8, if that is more). What an exporter noted about the machine that it ran
on is left out too.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from training import common

LEAST_VALUES = 1_024
STORED = ".float16"
"""What is behind the name of a stored weight; the Cast's output has the name itself."""
LARGEST = float(np.finfo(np.float16).max)


def is_halved(values: np.ndarray) -> bool:
    """Whether a weight is kept in 16 bits: float32 matrices and kernels of 1,024 values and more.

    Biases and the parameters of normalisations stay as they are, and whatever 16 bits cannot hold (beyond ±65,504).
    """
    return bool(
        values.dtype == np.float32
        and values.ndim > 1
        and values.size >= LEAST_VALUES
        and np.abs(values).max() <= LARGEST
    )


def halved(path_in: Path, path_out: Path, keep: Collection[str] = ()) -> None:
    """Write the ONNX model of `path_in` to `path_out`, its weights in 16 bits; the two may be one.

    `keep`: names of initialisers that stay in 32 bits, such as a filter bank that must be exact.

    Raises:
        TrainingError: if one of `keep` is not in the model.
    """
    import onnx

    model = half(onnx.load(path_in), keep)
    common.save_atomically(path_out, lambda draft: onnx.save(model, draft))


def half(model: Any, keep: Collection[str] = ()) -> Any:
    """As `halved`, of an onnx.ModelProto, which is changed and returned. A model that is halved stays as it is."""
    from onnx import TensorProto, checker, helper, numpy_helper

    graph = model.graph
    if unknown := sorted(set(keep) - {tensor.name for tensor in graph.initializer}):
        raise common.TrainingError(f"Names of weights were expected in keep, but the model has no {unknown}.")
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.name not in keep and is_halved(values):
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + STORED))
            casts.append(helper.make_node("Cast", [name + STORED], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:], graph.value_info[:]
    graph.node.extend(nodes)
    _forget_the_making(model)
    checker.check_model(model)
    return model


def _forget_the_making(model: Any) -> None:
    """Leave out what the exporter noted of source lines and folders: torch's is more than half of a graph's bytes."""
    for part in (model, model.graph, *model.graph.node, *model.graph.initializer):
        part.ClearField("doc_string")
        del part.metadata_props[:]


def refer(model: Any, weights: Path) -> Any:
    """Let an onnx.ModelProto read its weights from a safetensors file that will lie beside it, instead of holding them.

    So the weights of a network for torch and for onnxruntime are stored once. The model is changed and returned. A
    weight that the file has not, by name and to the last bit, stays in the model. The file's SHA-256 is noted in the
    model, so that models with other weights are other files.
    """
    from onnx import helper
    from onnx.external_data_helper import set_external_data

    content = weights.read_bytes()
    begin = 8 + int.from_bytes(content[:8], "little")  # safetensors: the header's length, the header in JSON, bytes
    header = json.loads(content[8:begin])
    for tensor in model.graph.initializer:
        first, last = header.get(tensor.name.removesuffix(STORED), {"data_offsets": (0, 0)})["data_offsets"]
        if last > first and content[begin + first : begin + last] == tensor.raw_data:
            set_external_data(tensor, weights.name, offset=begin + first, length=last - first)
            tensor.ClearField("raw_data")
    helper.set_model_props(model, {weights.name: common.sha256(weights)})
    return model
