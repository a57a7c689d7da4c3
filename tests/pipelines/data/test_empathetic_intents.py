"""Reader of the empathetic intents."""

from pathlib import Path

import pytest

from pipelines.data.empathetic_intents import INTENTS, read_intents
from pipelines.errors import UserError
from tests.pipelines.labels.invented import intent_lines

REAL = Path(__file__).parents[3] / "data" / "empathetic_intents"


def write(folder: Path, lines: list[str]) -> str:
    (folder / "train.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(folder)


def swapped(one: str, other: str) -> tuple[str, ...]:
    return tuple({one: other, other: one}.get(name, name) for name in INTENTS)


def test_texts_of_listeners_by_intent(tmp_path: Path) -> None:
    texts, classes = read_intents(write(tmp_path, intent_lines()))
    assert len(texts) == 2 * len(INTENTS)  # the speaker's text is not there
    assert classes.tolist() == [place for place in range(9) for _ in range(2)]
    assert (texts[8], INTENTS[classes[8]]) == ("I am sorry to hear that", "sympathizing")


def test_white_space_is_cleaned_and_a_separator_in_the_text_stays(tmp_path: Path) -> None:
    texts, _ = read_intents(write(tmp_path, [*intent_lines(), "40 <SEP>  so  it <SEP> is "]))
    assert texts[-1] == "so it <SEP> is"


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (
            swapped("sympathizing", "wishing"),
            r"train\.txt: expected 'sorry' most often in texts of id 36 \(sympathizing\), came it in those of id 39; "
            r"the file's ids are not those of the paper: get train\.txt from https://github\.com/anuradha1992",
        ),
        (
            swapped("questioning", "agreeing"),
            r"expected '\?' most often in texts of id 38 \(questioning\), came it in those of id 32",
        ),
    ],
)
def test_ids_that_mean_something_else_are_refused(tmp_path: Path, order: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_intents(write(tmp_path, intent_lines(order)))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("36 I am sorry", r"train\.txt:20: expected <id> <SEP> <text>, came '36 I am sorry'; get"),
        ("sad <SEP> I am sorry", r"train\.txt:20: expected <id> <SEP> <text>, came 'sad <SEP> I am sorry'"),
        ("-1 <SEP> I am sorry", r"train\.txt:20: expected <id> <SEP> <text>"),
        ("² <SEP> I am sorry", r"train\.txt:20: expected <id> <SEP> <text>"),
        ("41 <SEP> I am sorry", r"train\.txt:20: expected an id up to 40, came 41"),
    ],
)
def test_broken_lines(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_intents(write(tmp_path, [*intent_lines(), line]))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"train\.txt: expected texts by intent, came No such file.*; get train\.txt"):
        read_intents(str(tmp_path))


@pytest.mark.skipif(not REAL.is_dir(), reason="data/empathetic_intents is not here")
def test_real_file() -> None:
    texts, classes = read_intents(str(REAL))
    assert len(texts) == len(classes) > 1000
    assert set(classes.tolist()) == set(range(len(INTENTS)))
