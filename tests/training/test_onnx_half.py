"""Models at half the size: what is stored in 16 bits, that it computes in 32, weights in a file beside the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from training import common, onnx_half

onnx = pytest.importorskip("onnx", reason="trained models are written by onnx (requirements-training.txt)")
RNG = np.random.default_rng(0)
WEIGHTS = {
    "matrix": RNG.normal(0, 1, (64, 48)).astype(np.float32),
    "bias": RNG.normal(0, 1, 48).astype(np.float32),
    "long_bias": RNG.normal(0, 1, 2048).astype(np.float32),
    "small": RNG.normal(0, 1, (48, 2)).astype(np.float32),
    "wide": RNG.normal(0, 1, (2, 2048)).astype(np.float32),
    "huge": np.full((2048, 1), 1e5, np.float32),
}
HALVED = {"matrix", "wide"}


def model() -> Any:
    """(((x · matrix + bias) · small) · wide + long_bias) · huge."""
    make, names = onnx.helper.make_node, ("matrix", "bias", "small", "wide", "long_bias", "huge")
    kinds, value = ("MatMul", "Add", "MatMul", "MatMul", "Add", "MatMul"), "x"
    nodes = []
    for kind, name in zip(kinds, names, strict=True):
        nodes.append(make(kind, [value, name], [f"after_{name}"], doc_string='File "/home/somebody/network.py"'))
        value = f"after_{name}"
    begin, end = (
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", size])
        for name, size in (("x", 64), (value, 1))
    )
    tensors = [onnx.numpy_helper.from_array(values, name) for name, values in WEIGHTS.items()]
    graph = onnx.helper.make_graph(nodes, "g", [begin], [end], tensors)
    made = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10)
    made.graph.node[0].metadata_props.add(key="stack", value="/home/somebody")
    return made


def run(path: Path, x: np.ndarray) -> np.ndarray:
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


def stored(made: Any) -> dict[str, str]:
    return {
        tensor.name: onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).name for tensor in made.graph.initializer
    }


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    onnx.save(model(), tmp_path / "plain.onnx")
    return tmp_path / "plain.onnx"


def test_large_matrices_are_stored_in_16_bits_and_all_is_computed_in_32(plain: Path, tmp_path: Path):
    path = tmp_path / "half.onnx"
    onnx_half.halved(plain, path)
    expected = {name + onnx_half.STORED if name in HALVED else name for name in WEIGHTS}
    types = stored(onnx.load(path))
    assert set(types) == expected
    assert {name for name, kind in types.items() if kind == "float16"} == {f"{name}.float16" for name in HALVED}
    x = RNG.normal(0, 1, (3, 64)).astype(np.float32)
    value = x.astype(np.float64) @ WEIGHTS["matrix"].astype(np.float16).astype(np.float64) + WEIGHTS["bias"]
    value = (value @ WEIGHTS["small"]) @ WEIGHTS["wide"].astype(np.float16).astype(np.float64) + WEIGHTS["long_bias"]
    scale = np.abs(value).sum(axis=1, keepdims=True) * 1e5
    assert (np.abs(run(path, x) - value @ WEIGHTS["huge"].astype(np.float64)) / scale).max() < 1e-5
    assert b"/home/somebody" in plain.read_bytes()
    assert b"/home/somebody" not in path.read_bytes()


def test_halving_again_changes_nothing(plain: Path, tmp_path: Path):
    onnx_half.halved(plain, tmp_path / "once.onnx")
    onnx_half.halved(tmp_path / "once.onnx", tmp_path / "twice.onnx")
    assert (tmp_path / "once.onnx").read_bytes() == (tmp_path / "twice.onnx").read_bytes()
    onnx_half.halved(plain, plain)
    assert plain.read_bytes() == (tmp_path / "once.onnx").read_bytes()


def test_what_must_be_exact_is_kept(plain: Path, tmp_path: Path):
    onnx_half.halved(plain, tmp_path / "half.onnx", keep={"matrix"})
    assert stored(onnx.load(tmp_path / "half.onnx"))["matrix"] == "float32"
    with pytest.raises(common.TrainingError, match=r"the model has no \['matrx'\]"):
        onnx_half.halved(plain, tmp_path / "none.onnx", keep={"matrx"})
    assert not (tmp_path / "none.onnx").exists()


@given(arrays(np.float32, (32, 32), elements=st.floats(-70_000, 70_000, width=32)))
@settings(max_examples=50)
def test_a_rounded_weight_is_off_by_a_2048th_at_most(values: np.ndarray):
    if not onnx_half.is_halved(values):
        assert np.abs(values).max() > onnx_half.LARGEST
        return
    error = np.abs(values.astype(np.float16).astype(np.float64) - values)
    assert (error <= np.maximum(np.abs(values) / 2048, 2.0**-25)).all()


def test_weights_beside_the_model_are_read_from_there(plain: Path, tmp_path: Path):
    from safetensors.numpy import load_file, save_file

    beside = {name: WEIGHTS[name] for name in ("bias", "wide")} | {"steps": np.array(3)}
    beside["matrix"] = WEIGHTS["matrix"].astype(np.float16)
    save_file(beside, tmp_path / "network.safetensors")
    made = onnx_half.half(onnx.load(plain))
    onnx.save(made, tmp_path / "whole.onnx")
    path = tmp_path / "network.onnx"
    onnx.save(onnx_half.refer(made, tmp_path / "network.safetensors"), path)
    referred = {t.name for t in onnx.load(path, load_external_data=False).graph.initializer if t.external_data}
    assert referred == {"matrix.float16", "bias"}, "wide has other bits there: it stays in the model"
    x = RNG.normal(0, 1, (3, 64)).astype(np.float32)
    assert np.array_equal(run(path, x), run(tmp_path / "whole.onnx", x))
    assert common.sha256(tmp_path / "network.safetensors").encode() in path.read_bytes()

    louder = {**load_file(tmp_path / "network.safetensors"), "bias": WEIGHTS["bias"] + 1}
    save_file(louder, tmp_path / "network.safetensors")
    assert not np.array_equal(run(path, x), run(tmp_path / "whole.onnx", x))
