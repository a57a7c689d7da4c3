"""The peers that can be trained. A new one is a folder in peers/, a file here, and a line below."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from pipelines.errors import UserError

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
        raise UserError(f"peer: expected one of {', '.join(PEERS)}, got {name!r}")
    return importlib.import_module(PEERS[name])


def peer_of(argv: Sequence[str]) -> str | None:
    """The peer that a command line's YAML, given first, is a configuration of; None for a family's, or for no YAML."""
    if not argv or argv[0].startswith("-"):
        return None
    try:
        values = yaml.safe_load(Path(argv[0]).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None  # the reader of the settings says what is wrong with it
    return str(values["peer"]) if isinstance(values, dict) and "peer" in values else None
