"""`empathy train CONFIG.yaml`: train a family or a peer, one run a seed. Also `python -m pipelines.train`."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.command import run_command
from pipelines.peers.registry import PEERS, load_peer, peer_of
from pipelines.training.parsing import parse_settings

if TYPE_CHECKING:
    from pipelines.peers.configuration import PeerSettings
    from pipelines.training.configuration import ExperimentSettings

PROG = "empathy train"
DESCRIPTION = (
    "Train a family in stages, once for each seed, and evaluate it. A finished run is skipped, a killed one resumes. "
    f"Peers ({', '.join(PEERS)}) are trained alike: empathy train configs/peers/{next(iter(PEERS))}.yaml, with --help "
    "for its own settings. With several GPUs: accelerate launch -m pipelines.train CONFIG.yaml."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status. Raises UserError for what a user can get wrong."""
    arguments = sys.argv[1:] if argv is None else argv
    from pipelines.training.configuration import ExperimentSettings

    peer = peer_of(arguments)
    if peer is not None:
        lines = _train_peer(parse_settings(load_peer(peer).Settings, arguments, PROG, DESCRIPTION))
    else:
        lines = _train_family(parse_settings(ExperimentSettings, arguments, PROG, DESCRIPTION))
    if os.environ.get("RANK", "0") == "0":
        print("\n".join(lines))
    return 0


def _train_family(settings: "ExperimentSettings") -> list[str]:
    from pipelines.training.experiment import run_experiment
    from pipelines.training.summary import summary_lines

    return summary_lines(run_experiment(settings))


def _train_peer(settings: "PeerSettings") -> list[str]:
    from pipelines.peers.experiment import peer_lines, run_peer

    return peer_lines(run_peer(settings))


if __name__ == "__main__":
    sys.exit(run_command(PROG, main))
