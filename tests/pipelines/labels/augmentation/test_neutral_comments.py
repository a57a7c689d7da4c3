"""Which comments of GoEmotions are plain, neutral talk."""

from pathlib import Path

import pytest

from pipelines.data.goemotions import GOEMOTIONS_LABELS
from pipelines.errors import UserError
from pipelines.labels.augmentation.neutral_comments import neutral_comments

TRAIN = (
    ("The bus is number four.\t27\tc1"),
    ("The bus is number four.\t27\tc2"),  # twice
    ("I like the bus number four.\t27,4\tc3"),  # two labels
    ("That bus again, of course.\t3\tc4"),  # not neutral
    ("The old bus.\t27\tc5"),  # three words
    ("word " * 26 + "\t27\tc6"),  # 26 words
    ("word " * 25 + "\t27\tc7"),
    ("Ask [NAME] about the bus.\t27\tc8"),
    ("See https://bus.example for the times.\t27\tc9"),
    ("As they say on r/bus it stops here.\t27\tc10"),
    ("What a good bus, in my view.\t27\tc11"),  # evaluates
    ("Get on the bus now!\t27\tc12"),  # shouts
    ("It was on the news today.\t27\tc13"),
)


@pytest.fixture
def goemotions(tmp_path: Path) -> str:
    (tmp_path / "labels.txt").write_text("\n".join(GOEMOTIONS_LABELS) + "\n")
    (tmp_path / "train.tsv").write_text("\n".join(TRAIN) + "\n")
    for name in ("dev", "test"):
        (tmp_path / f"{name}.tsv").write_text(f"This one is of another split.\t27\t{name}1\n")
    return str(tmp_path)


def test_neutral_training_comments_of_plain_talk_each_once(goemotions: str) -> None:
    expected = ["The bus is number four.", " ".join(["word"] * 25), "It was on the news today."]
    assert neutral_comments(goemotions, None) == expected


def test_excluded_ids_are_left_out(goemotions: str, tmp_path: Path) -> None:
    (tmp_path / "ids.json").write_text('{"goemotions": ["c13"]}')
    assert "It was on the news today." not in neutral_comments(goemotions, str(tmp_path / "ids.json"))


def test_a_missing_folder_is_named() -> None:
    with pytest.raises(UserError, match="nowhere: expected a folder with GoEmotions"):
        neutral_comments("nowhere", None)
