from pathlib import Path

import pytest

from pipelines.errors import UserError
from pipelines.probes.configuration import ProbeSettings
from pipelines.probes.material import Material, read_material


def test_what_is_read_is_counted(material: Material) -> None:
    assert material.counts() == {
        "split": "valid",
        "turns": 96,
        "dialogues": 48,
        "corpora": {
            "everyday": {"pairs": 12, "rows_left_out": 0},
            "support": {"pairs": 10, "rows_left_out": 1},
        },
    }
    assert material.corpora["everyday"][3]["dialogue_context"] == [
        {"role": "speaker", "text": "Where is shelf 3, please?"}
    ]


def test_a_smaller_sample_is_whole_dialogues_of_the_larger_one(
    invented_corpus: str, probe_corpora: list[str], material: Material
) -> None:
    smaller = read_material(ProbeSettings(invented_corpus, probe_corpora, max_turns=31))
    assert (len(smaller.turns), len(set(smaller.dialogues))) == (30, 15)
    larger = read_material(ProbeSettings(invented_corpus, probe_corpora, max_turns=60))
    assert set(smaller.dialogues) < set(larger.dialogues) < set(material.dialogues)


def test_excluded_dialogues_are_left_out(invented_corpus: str, probe_corpora: list[str], tmp_path: Path) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_text("hit:3_conv:3\n")
    found = read_material(ProbeSettings(invented_corpus, probe_corpora, exclude_ids=str(ids)))
    assert len(found.turns) == 94
    assert "hit:3_conv:3" not in found.dialogues


def test_turns_of_another_split(invented_corpus: str, probe_corpora: list[str], material: Material) -> None:
    found = read_material(ProbeSettings(invented_corpus, probe_corpora, split="train"))
    assert found.counts()["split"] == "train"
    assert {turn["split"] for turn in found.turns} == {"train"}
    assert not set(found.dialogues) & set(material.dialogues)


def test_a_missing_corpus_is_named(invented_corpus: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.csv: expected a probe corpus, .*; there is no such file"):
        read_material(ProbeSettings(invented_corpus, [str(tmp_path / "nowhere.csv")]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("context,answer\na,b\n", "expected a CSV .* with the columns context and response, got context, answer"),
        ("context,response\n,b\n", "expected rows with a context and a response, got none"),
        ("", "expected a CSV .*No columns to parse"),
    ],
)
def test_a_corpus_of_another_form_says_what_came(
    invented_corpus: str, tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text(content)
    with pytest.raises(UserError, match=rf"wrong\.csv: {message}"):
        read_material(ProbeSettings(invented_corpus, [str(path)]))


def test_two_corpora_of_one_name_are_refused(invented_corpus: str, probe_corpora: list[str]) -> None:
    with pytest.raises(UserError, match="corpora: expected files of different names, got everyday twice"):
        read_material(ProbeSettings(invented_corpus, [probe_corpora[0], probe_corpora[0]]))


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(UserError, match="corpora: expected at least one CSV"):
        ProbeSettings("somewhere", [])
    with pytest.raises(UserError, match="max_turns: expected at least 8 listener turns, got 3"):
        ProbeSettings("somewhere", ["a.csv"], max_turns=3)
    with pytest.raises(UserError, match="scorers: expected each scorer once, got a more than once"):
        ProbeSettings("somewhere", ["a.csv"], scorers=["a", "b", "a"])
