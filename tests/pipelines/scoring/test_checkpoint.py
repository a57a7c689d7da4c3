"""A release is read whole or not at all, and never from a pickle."""

import json
import pickle
from pathlib import Path

import pytest

from pipelines.errors import UserError
from pipelines.scoring import EmpathyScorer
from pipelines.scoring.checkpoint import FITTED, SCORER, read_model
from pipelines.scoring.network import HEADS


class Planted:
    """Would write a file if it were ever unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("name", ["heads.bin", "adapter/adapter_model.bin", "model.pt", "extra/state.pkl"])
def test_a_planted_pickle_is_refused(release: Path, tmp_path: Path, name: str) -> None:
    trap, path = tmp_path / "sprung", release / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(pickle.dumps(Planted(trap)))
    with pytest.raises(UserError, match="expected safetensors and JSON only, found a file that may hold a pickle"):
        EmpathyScorer.from_pretrained(release)
    assert not trap.exists()


@pytest.mark.parametrize("name", [HEADS, FITTED, "adapter/adapter_model.safetensors"])
def test_a_pickle_under_the_name_of_a_tensor_file_is_not_read_either(release: Path, tmp_path: Path, name: str) -> None:
    trap = tmp_path / "sprung"
    (release / name).write_bytes(pickle.dumps(Planted(trap)))
    with pytest.raises(UserError, match="expected a released checkpoint, it cannot be read"):
        EmpathyScorer.from_pretrained(release)
    assert not trap.exists()


@pytest.mark.parametrize(
    ("files", "named", "said"),
    [
        ([], "", "there is none in it; make one: empathy release"),
        (["results.json", "model/config.json"], "", "got a run; make a release of it: empathy release configs/release"),
        (["mvc-1/results.json"], "", r"got a folder of runs \(mvc-1\); make a release of one: .* --run=.*/mvc-1 --out"),
        (["config.json", "model.safetensors"], "", "got a model of transformers; a release is made from a run"),
        (["scorer.txt"], "scorer.txt", "got a file; name its folder"),
        ([], "no/such/folder", "there is no such folder; name the one that empathy release wrote"),
    ],
)
def test_a_folder_that_is_no_release(tmp_path: Path, files: list[str], named: str, said: str) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    with pytest.raises(UserError, match=rf"expected a folder with a release \(scorer\.json\), {said}") as raised:
        EmpathyScorer.from_pretrained(tmp_path / named)
    assert "\n" not in str(raised.value)


def test_a_hub_id_is_told_how_to_be_fetched() -> None:
    with pytest.raises(
        UserError, match=r"^org/name: expected .*: hf download org/name --local-dir my_release \(in Pyth"
    ):
        EmpathyScorer.from_pretrained("org/name")


@pytest.mark.parametrize("name", [HEADS, FITTED, "config.json", "adapter/adapter_model.safetensors"])
def test_a_missing_part(release: Path, name: str) -> None:
    (release / name).unlink()
    with pytest.raises(UserError, match="expected a released checkpoint, it cannot be read"):
        EmpathyScorer.from_pretrained(release)


def test_another_encoder_than_the_one_it_was_trained_on(release: Path) -> None:
    described = json.loads((release / SCORER).read_text())
    described["encoder"]["sha256"] = "0" * 64
    (release / SCORER).write_text(json.dumps(described))
    for read in (EmpathyScorer.from_pretrained, read_model):
        with pytest.raises(UserError, match="expected the encoder .* with sha256 000000000000"):
            read(release)


def test_another_schema(release: Path) -> None:
    described = json.loads((release / SCORER).read_text())
    described["schema_version"] = 99
    (release / SCORER).write_text(json.dumps(described))
    with pytest.raises(UserError, match="expected schema version 1, got 99"):
        EmpathyScorer.from_pretrained(release)
