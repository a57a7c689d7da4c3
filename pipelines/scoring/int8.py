"""The encoder in 8-bit integers on a CPU, by ONNX Runtime; made once from a checkpoint and kept."""

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from pipelines.atomic import write_with
from pipelines.errors import UserError
from pipelines.scoring.checkpoint import Checkpoint
from pipelines.scoring.encoder import Encoder

if TYPE_CHECKING:
    import onnxruntime

CACHE_VARIABLE = "EMPATHY_CACHE"
EXAMPLE = (2, 16)  # rows and tokens that the export is traced with
OPSET = 20
SLOWER = ["SkipLayerNormFusion"]  # of a norm and the sum before it: together they take twice as long as apart


class Int8Encoder:
    """Called as an `Encoder` is; the matrices are 8-bit integers, the rest is fp32."""

    def __init__(self, encoder: Encoder, file: Path) -> None:
        """Raises UserError where the file cannot be read."""
        self.file, self.of_views = file, encoder.mask_and_positions
        # A forked process opens its own: the threads of this one are not in it. It keeps what it inherits, for closing
        # that would wait for them.
        self.sessions = {os.getpid(): self._open()}

    def __call__(self, input_ids: torch.Tensor, view_ids: torch.Tensor) -> torch.Tensor:
        """Hidden states (batch, length, hidden) of packed rows (batch, length)."""
        mask, positions = self.of_views(view_ids)
        given = {"input_ids": input_ids, "mask": mask, "positions": positions}
        session = self.sessions.get(os.getpid()) or self.sessions.setdefault(os.getpid(), self._open())
        (hidden,) = session.run(None, {name: value.numpy() for name, value in given.items()})
        return torch.from_numpy(np.asarray(hidden))

    def _open(self) -> "onnxruntime.InferenceSession":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            return onnxruntime.InferenceSession(
                str(self.file), options, providers=["CPUExecutionProvider"], disabled_optimizers=SLOWER
            )
        except Exception as error:  # its exceptions have no class of their own that is public
            raise UserError(
                f"{self.file}: expected the encoder in 8 bits, it cannot be read ({error}); remove it, and it is made "
                "again"
            ) from error


class _Exported(nn.Module):
    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        return self.encoder.encode(input_ids, mask, positions)


def int8_encoder(checkpoint: Checkpoint) -> Int8Encoder:
    """The encoder of a checkpoint in 8 bits. Raises UserError where the packages for it are missing."""
    file = cache_folder() / f"int8-{checkpoint.fingerprint[:16]}.onnx"
    if not file.is_file():
        write_with(file, lambda path: export_int8(checkpoint.network.encoder, path))
    return Int8Encoder(checkpoint.network.encoder, file)


def cache_folder() -> Path:
    """Where encoders are kept: $EMPATHY_CACHE, else ~/.cache/empathy-cascade."""
    return Path(os.environ.get(CACHE_VARIABLE) or Path.home() / ".cache" / "empathy-cascade")


def export_int8(encoder: Encoder, path: Path) -> None:
    """Write the encoder to `path`, its matrices quantised a channel at a time (dynamic quantisation)."""
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError as error:
        raise UserError(
            f"--precision int8: expected its packages ({error}): pip install 'empathy-cascade[int8]'"
        ) from error
    ids = torch.zeros(EXAMPLE, dtype=torch.long)
    mask, positions = encoder.mask_and_positions(torch.ones(EXAMPLE, dtype=torch.long))
    rows, tokens = torch.export.Dim("rows"), torch.export.Dim("tokens")
    shapes = ({0: rows, 1: tokens}, {0: rows, 2: tokens, 3: tokens}, {0: rows, 1: tokens})
    with tempfile.TemporaryDirectory() as folder, _quiet():
        whole = Path(folder) / "whole.onnx"
        torch.onnx.export(
            _Exported(encoder).eval(),
            (ids, mask, positions),
            whole,
            input_names=["input_ids", "mask", "positions"],
            output_names=["hidden"],
            dynamic_shapes=shapes,
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        quantize_dynamic(whole, path, per_channel=True, weight_type=QuantType.QInt8)


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter warns of what it does itself, and of packages that this network does not need."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
