"""A peer, every seed."""

from collections.abc import Iterable, Mapping
from typing import Any

from transformers.utils.logging import disable_progress_bar

from pipelines.peers.configuration import PeerSettings
from pipelines.peers.registry import load_peer
from pipelines.training.experiment import check_encoder, reset_state


def run_peer(settings: PeerSettings) -> list[dict[str, Any]]:
    """Train and evaluate every seed of `settings`, and return their results.

    Raises UserError before anything is trained where the settings, the data or the run folders do not fit.
    """
    disable_progress_bar()
    peer = load_peer(settings.peer)
    reset_state()
    check_encoder(settings.encoder)
    return [cell.run() for cell in peer.Cell.all_of(settings)]


def peer_lines(results: Iterable[Mapping[str, Any]]) -> list[str]:
    """A table of test metrics, a line a run."""
    rows = list(results)
    if not rows:
        return []
    metrics = list(rows[0]["metrics"]["test"])
    width = max(len(row["variant"]) for row in rows) + 2
    widths = {name: max(10, len(name)) + 2 for name in metrics}
    lines = [f"{'variant':<{width}}{'seed':>6}" + "".join(f"{name:>{widths[name]}}" for name in metrics)]
    for row in rows:
        values = {name: row["metrics"]["test"][name] for name in metrics}
        cells = "".join(
            f"{'-' if value is None else format(value, '.4f'):>{widths[name]}}" for name, value in values.items()
        )
        lines.append(f"{row['variant']:<{width}}{row['seed']:>6}{cells}")
    return lines
