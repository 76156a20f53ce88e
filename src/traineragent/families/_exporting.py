"""Networks of torch as ONNX, for any number of rows, proved to answer alike. Needs torch (and onnxscript, for networks
that only the newer of the two exporters knows)."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

from ..errors import TrainerError

OPSET = 18
AGREEMENT = 2e-3  # between torch and the graph, of the largest answer
LARGE = 1_000_000_000  # bytes of weights that one file of ONNX no longer holds safely


def exported(network: Any, given: Mapping[str, Any]) -> onnx.ModelProto:
    """A graph from the `given` tensors, by their names, to "y"; their first dimension stays open.

    The older exporter takes seconds where the newer takes many, and is tried first. Raises TrainerError where neither
    gives a graph that answers as the network does."""
    import torch

    trouble = ""
    with torch.no_grad():
        asked = {name: _other_rows(tensor) for name, tensor in given.items()}
        wanted = network(*asked.values()).numpy()
        for way in (_traced, _programmed):
            try:
                model = way(network, dict(given))
                got = _answer(model.SerializeToString(), {name: tensor.numpy() for name, tensor in asked.items()})
            except Exception as error:  # noqa: BLE001  exporters raise anything on what they do not know
                trouble = f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0][:200]}"
                continue
            if _alike(got, wanted):
                return model
            trouble = "the exported graph does not answer as the network does"
    raise TrainerError(f"the network cannot be exported: {trouble}")


def _other_rows(tensor: Any) -> Any:
    """Three rows like those given: a graph that holds for another number of rows holds for any."""
    import torch

    if tensor.is_floating_point():
        noise = torch.rand((3, *tensor.shape[1:]), generator=torch.Generator().manual_seed(0))
        return 0.1 + 0.8 * noise
    return tensor[:1].expand(3, *tensor.shape[1:]).contiguous()


def _traced(network: Any, given: dict[str, Any]) -> onnx.ModelProto:
    out = io.BytesIO()
    axes = {name: {0: "rows"} for name in (*given, "y")}
    _export(network, given, f=out, dynamo=False, dynamic_axes=axes, opset_version=OPSET)
    return onnx.load_model_from_string(out.getvalue())


def _programmed(network: Any, given: dict[str, Any]) -> onnx.ModelProto:
    model: onnx.ModelProto = _program(network, given).model_proto
    return model


def _program(network: Any, given: Mapping[str, Any]) -> Any:
    import torch

    rows = {0: torch.export.Dim("rows", min=1, max=4096)}
    return _export(network, given, dynamo=True, dynamic_shapes=tuple(rows for _ in given), verbose=False)


def _export(network: Any, given: Mapping[str, Any], **options: Any) -> Any:
    """torch's exporters without what they print."""
    import torch

    export: Any = torch.onnx.export
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return export(network, tuple(given.values()), input_names=list(given), output_names=["y"], **options)


def write_exported(path: Path, network: Any, given: Mapping[str, Any]) -> list[str]:
    """Writes the graph of `exported` to `path`, weights that are too large for one file of ONNX to a second beside it;
    the names of the files. Raises TrainerError."""
    import torch

    if sum(p.numel() * p.element_size() for p in network.parameters()) < LARGE:
        path.write_bytes(exported(network, given).SerializeToString())
        return [path.name]
    asked = {name: _other_rows(tensor) for name, tensor in given.items()}
    with torch.no_grad():
        wanted = network(*asked.values()).numpy()
        _program(network, given).save(str(path), external_data=True)
    got = _answer(str(path), {name: tensor.numpy() for name, tensor in asked.items()})
    if not _alike(got, wanted):
        raise TrainerError("the exported graph does not answer as the network does")
    return [p.name for p in (path, path.with_name(path.name + ".data")) if p.exists()]


def _alike(got: Any, wanted: Any) -> bool:
    return bool(got.shape == wanted.shape and np.abs(got - wanted).max() <= AGREEMENT * max(1.0, np.abs(wanted).max()))


def _answer(model: str | bytes, given: Mapping[str, Any]) -> Any:
    """What onnxruntime makes of a graph, given as bytes or by its path."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return session.run(["y"], dict(given))[0]
