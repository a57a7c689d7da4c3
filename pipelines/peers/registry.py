"""The peers that can be trained. A new one is a folder in peers/, a file here, and a line below."""

import importlib
from collections.abc import Sequence
from typing import Any

from pipelines.errors import UserError, did_you_mean
from pipelines.training.parsing import read_command_line
from pipelines.training.yaml_file import read_yaml

# name -> module with `Settings`, a dataclass, and `Cell`, what trains one seed of them
PEERS = {
    "clsn": "pipelines.peers.clsn",
    "epitome": "pipelines.peers.epitome",
    "micromodels": "pipelines.peers.micromodels",
    "retrieval": "pipelines.peers.retrieval",
    "text_pairs": "pipelines.peers.text_pairs",
}


def load_peer(name: str) -> Any:
    """The module of a peer. Raises UserError for a name that is not registered."""
    if name not in PEERS:
        raise UserError(f"peer: expected one of {', '.join(PEERS)}, got {name!r}{did_you_mean(name, PEERS)}")
    return importlib.import_module(PEERS[name])


def peer_of(argv: Sequence[str]) -> str | None:
    """The peer that a command line's YAML is a configuration of; None for a family's, or for no YAML.

    Raises UserError as `read_yaml` does.
    """
    config = read_command_line(argv).config
    values = {} if config is None else read_yaml(config).values
    return str(values["peer"]) if "peer" in values else None
