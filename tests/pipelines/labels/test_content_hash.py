"""Hashes of what signals depend on."""

from pathlib import Path

import pandas as pd
import pytest

from pipelines.errors import UserError
from pipelines.labels.content_hash import encoder_hash, frame_hash, path_hash


def test_a_table_is_known_by_its_values_in_their_order() -> None:
    table = pd.DataFrame({"a": ["x", None, "y"], "n": [1, 2, 3]})
    assert frame_hash(table) == frame_hash(table.copy().set_index(pd.Index([5, 6, 7])))
    assert frame_hash(table) != frame_hash(table.iloc[::-1])
    assert frame_hash(table) != frame_hash(table.assign(n=[1, 2, 4]))
    assert frame_hash(table) != frame_hash(table.assign(a=["x", "", "y"]))
    assert len(frame_hash(table)) == 64


def test_files_and_folders_are_known_by_their_content(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a.txt").write_text("text")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "a.txt").write_text("text")
    assert path_hash(tmp_path / "one") == path_hash(tmp_path / "two")
    assert path_hash(tmp_path / "one" / "a.txt") == path_hash(tmp_path / "two" / "a.txt")
    (tmp_path / "two" / "a.txt").rename(tmp_path / "two" / "b.txt")
    assert path_hash(tmp_path / "one") != path_hash(tmp_path / "two")
    assert path_hash(Path("hub")) == "hub"
    with pytest.raises(UserError, match="nowhere: expected a file or folder that a labelling function reads"):
        path_hash(tmp_path / "nowhere")


def test_encoders(tiny_bert: str, tiny_roberta: str) -> None:
    assert encoder_hash(tiny_bert) == encoder_hash(tiny_bert) != encoder_hash(tiny_roberta)
    with pytest.raises(UserError, match="encoder './nowhere': expected a model folder"):
        encoder_hash("./nowhere")
