"""The run of a peer as a scorer, so that probes and audits can be run on it too."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

from pipelines.data.views import Example
from pipelines.errors import UserError
from pipelines.evaluation.scorers import BATCH_SIZE, Scorer, checked, run_autocast
from pipelines.peers.cell import PeerCell
from pipelines.peers.registry import load_peer
from pipelines.peers.rows import collate_rows

Rate = Callable[[Sequence[Example]], np.ndarray]  # n rows -> (n,) scores


def load_peer_scorer(folder: Path, results: Mapping[str, Any]) -> Scorer:
    """The scorer that a finished run of a peer is; its scale is the peer's own.

    folder: the run's. results: its results.json. Raises UserError where its model cannot be loaded.
    """
    peer = load_peer(results["peer"])
    rate = _network_rate(folder, peer.Cell, results["variant"]) if _has_network(peer.Cell) else _text_rate(folder, peer)
    name = f"{folder.resolve().parent.name}/{folder.resolve().name}"
    empathic_from = peer.Cell.empathic_from(results["variant"])
    return Scorer(name, lambda rows: checked(rate(rows), rows, str(folder)), empathic_from)


def _has_network(cell: type) -> bool:
    return issubclass(cell, PeerCell)


def _text_rate(folder: Path, peer: Any) -> Rate:
    """Of a peer without a network, which reads the response alone."""
    rate: Callable[[Sequence[str]], np.ndarray] = peer.load_rater(folder / "model")
    return lambda rows: rate([row["response"] for row in rows])


def _network_rate(folder: Path, cell: type[PeerCell], variant: str) -> Rate:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        model = AutoModel.from_pretrained(folder / "model").eval()
        tokenizer = AutoTokenizer.from_pretrained(folder / "model")
    except (OSError, ValueError) as error:
        raise UserError(f"{folder / 'model'}: expected the saved model of a peer: {error}") from error
    model.to(device)
    precision = run_autocast(folder, device)
    separator = f" {tokenizer.sep_token} "
    # By input: a score depends a little on the batch that a row falls into, and equal rows must have equal scores.
    known: dict[tuple[tuple[int, int], ...], float] = {}

    def rate(rows: Sequence[Example]) -> np.ndarray:
        contexts = [separator.join(turn["text"] for turn in row["dialogue_context"]) for row in rows]
        inputs = [
            (row, tuple(zip(row.input_ids, row.view_ids, strict=True)))
            for row in cell.pairs(contexts, [row["response"] for row in rows], model, tokenizer)
        ]
        new = {key: row for row, key in inputs if key not in known}
        order = sorted(new, key=len)
        with torch.inference_mode(), precision():
            for start in range(0, len(order), BATCH_SIZE):
                chosen = order[start : start + BATCH_SIZE]
                batch = collate_rows([new[key] for key in chosen], tokenizer.pad_token_id)
                output = model(batch["input_ids"].to(device), batch["view_ids"].to(device))
                known.update(zip(chosen, cell.empathy(output, variant).tolist(), strict=True))
        return np.array([known[key] for _, key in inputs])

    return rate
