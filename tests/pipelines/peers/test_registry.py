"""Which peer a command line trains."""

from dataclasses import is_dataclass
from pathlib import Path

import pytest

from pipelines.errors import UserError
from pipelines.peers.configuration import PeerSettings
from pipelines.peers.registry import PEERS, load_peer, peer_of

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", PEERS)
def test_every_peer_has_settings_a_cell_a_network_and_a_config(name: str) -> None:
    peer = load_peer(name)
    assert issubclass(peer.Settings, PeerSettings) and is_dataclass(peer.Settings)
    assert callable(peer.Cell.all_of) and callable(peer.Cell.run)
    assert (ROOT / "peers" / name / "model.py").is_file()
    assert peer_of([str(ROOT / "configs" / "peers" / f"{name}.yaml"), "--seeds=[17]"]) == name


def test_an_unknown_peer_names_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"peer: expected one of clsn, epitome, .*text_pairs, got 'oracle'"):
        load_peer("oracle")


def test_a_yaml_with_a_peer_is_told_from_any_other(tmp_path: Path) -> None:
    for text, expected in {
        "peer: epitome\nname: x": "epitome",
        "family: mvc": None,
    }.items():
        (tmp_path / "one.yaml").write_text(text, encoding="utf-8")
        assert peer_of([str(tmp_path / "one.yaml")]) == expected
    for text, says in {
        "- peer": "one.yaml: expected settings, as `key: value` lines, got a list",
        "a: [": "one.yaml:1: ",
    }.items():
        (tmp_path / "one.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(UserError, match=says):
            peer_of([str(tmp_path / "one.yaml")])
    assert peer_of([]) is None
    assert peer_of(["--help"]) is None
    with pytest.raises(UserError, match="none.yaml: expected"):
        peer_of([str(tmp_path / "none.yaml")])
    assert peer_of([str(ROOT / "configs" / "peers" / "adapter_stack.yaml")]) is None  # a family
