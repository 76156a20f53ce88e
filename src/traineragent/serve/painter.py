"""The graphs of a generator and what its settings declare, as one function from names and seeds to pictures.

Either a single graph moves noise to a picture, or it moves what a decoder turns into one (latent diffusion, Rombach
2022) and is told the words by an encoder of texts. Knows nothing of prompts, rows or files of a bundle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ..errors import InputError
from .sampling import TOGETHER, Float32, Pixels, moved, to_pixels

GRAPH, TEXTS, DECODER = "model.onnx", "texts.onnx", "decoder.onnx"
LARGE = 50_000_000  # bytes of a graph's weights from which all cores, or an accelerator, pay


class Painter:
    """Draws with the graphs in a folder. `settings` declare:

    channels, height, width   of the pictures
    steps                     of the sampler, where nothing else is said
    latent                    where a decoder is needed: channels, height and width of what it decodes; `times` to stop
                              at; how many pictures `together`; `tokens`: the numbers that the encoder of texts reads,
                              `before` the names, of each of the `names`, `after` them, and `pad` up to `length`

    Raises InputError where a setting is missing or a graph cannot be loaded; KeyError and the like never escape."""

    def __init__(self, folder: Path, graph: str, settings: Mapping[str, Any], threads: int = 1) -> None:
        try:
            self.shape = int(settings["channels"]), int(settings["height"]), int(settings["width"])
            self._times: int | Sequence[float] = int(settings["steps"])
            self._latent = settings.get("latent")
            self._moves, self._together = self.shape, TOGETHER
            if self._latent is not None:
                told = self._latent
                self._moves = int(told["channels"]), int(told["height"]), int(told["width"])
                self._times, self._together = [float(t) for t in told["times"]], int(told["together"])
                self._tokens = _Tokens(told["tokens"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"bundle.json lacks a setting of its generator ({error}); export it again") from None
        self._graph = session(folder / graph, threads)
        if self._latent is not None:
            self._texts, self._decoder = session(folder / TEXTS, threads), session(folder / DECODER, threads)

    def paint(self, words: Float32, seeds: Sequence[int]) -> Pixels:
        """Pictures uint8 (n, height, width, channels) of the names that each row of `words` (n, k) marks."""
        drawn = [
            self._some(words[i : i + self._together], seeds[i : i + self._together])
            for i in range(0, len(words), self._together)
        ]
        channels, height, width = self.shape
        return np.concatenate(drawn) if drawn else np.zeros((0, height, width, channels), dtype=np.uint8)

    def _some(self, words: Float32, seeds: Sequence[int]) -> Pixels:
        told = words if self._latent is None else self._texts.run(["y"], {"ids": self._tokens.of(words)})[0]
        x = moved(self._velocity, told, seeds, self._moves, self._times)
        return to_pixels(x if self._latent is None else self._decoder.run(["y"], {"x": x})[0])

    def _velocity(self, x: Float32, t: Float32, words: Float32) -> Float32:
        y: Float32 = self._graph.run(["y"], {"x": x, "t": t, "words": words})[0]
        return y


class _Tokens:
    """What an encoder of texts reads for names, as declared; see `Painter`."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.before, self.after = [int(i) for i in told["before"]], [int(i) for i in told["after"]]
        self.names = [[int(i) for i in name] for name in told["names"]]
        self.pad, self.length = int(told["pad"]), int(told["length"])

    def of(self, words: Float32) -> NDArray[np.int64]:
        """Token numbers (n, length) of rows that mark names; what does not fit is left out at the end."""
        ids = np.full((len(words), self.length), self.pad, dtype=np.int64)
        most = self.length - len(self.after)
        for row, marked in enumerate(words):
            said = [*self.before, *(i for name in np.flatnonzero(marked) for i in self.names[name])]
            line = [*said[:most], *self.after]
            ids[row, : len(line)] = line
        return ids


def token_ids(told: Mapping[str, Any], words: Float32) -> NDArray[np.int64]:
    """Token numbers (n, length) for rows of names, as a painter with these `tokens` reads them."""
    return _Tokens(told).of(words)


def session(path: Path, threads: int) -> Any:
    """A graph that is ready to run; a large one on an accelerator where this onnxruntime has one, else on all cores."""
    beside = path.with_name(path.name + ".data")  # weights of a graph that is too large for one file
    large = sum(p.stat().st_size for p in (path, beside) if p.exists()) > LARGE
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = 0 if large else threads, 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(str(path), options, providers=_providers(large))
    except Exception as error:
        raise InputError(f"{path.name} is not a graph that this onnxruntime {ort.__version__} can load") from error


def _providers(large: bool) -> list[str]:
    known = ort.get_available_providers()
    return [p for p in ("CUDAExecutionProvider",) if large and p in known] + ["CPUExecutionProvider"]
