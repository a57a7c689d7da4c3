"""The page of pairs and selections."""

import re
from pathlib import Path

import pytest

from pipelines.conversations import emotion_tagger, page
from pipelines.conversations.page import conversations_page, main
from pipelines.data.goemotions import GOEMOTIONS_LABELS
from tests.conftest import DIALOGUES
from tests.pipelines.conversations.emotion_labels import write_emotion_labels

JOY, CARING = GOEMOTIONS_LABELS.index("joy"), GOEMOTIONS_LABELS.index("caring")


@pytest.fixture
def labels(tiny_bert: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Whatever asks something shows caring, all else joy."""

    def top_labels(texts: list[str], *_: object) -> list[int]:
        return [CARING if "?" in text else JOY for text in texts]

    monkeypatch.setattr(emotion_tagger, "_top_labels", top_labels)
    return write_emotion_labels(tmp_path, tiny_bert)


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_counts_by_hand(labels: Path, tiny_corpus: str, tmp_path: Path) -> None:
    markdown, html = conversations_page(labels, tiny_corpus, tmp_path / "out")
    text = markdown.read_text(encoding="utf-8")
    # Listeners ask in the last turn of conv:1, in conv:3 and in the first answer of conv:4; no speaker does.
    rows = {tuple(cells(line)[:2]): cells(line)[2:] for line in text.splitlines() if line.startswith("| joy |")}
    assert rows == {("joy", "joy"): ["7", "70.0%", "1.00"], ("joy", "caring"): ["3", "30.0%", "1.00"]}
    assert "6 training dialogues, of which 6 have no fault; in these 10 exchanges" in text
    assert re.search(r"\| as\\_is \|.*\| 6 \| 100.0% \|  \|", text)
    # Every exchange of conv:2, conv:5 and conv:6 is joy and joy.
    assert re.search(r"\| pairs\\_43 \|.*\| 3 \| 50.0% \| 7 \|", text)
    assert re.search(r"\| random\\_43 \|.*\| 3 \| 50.0% \|  \|", text)
    assert re.search(r"\| broken\\_numbering \|.*\| 0 \|", text)
    drawn = html.read_text(encoding="utf-8")
    assert ">7</td>" in drawn
    assert "<svg" in drawn
    assert not re.search(r"(src|href)=\"(?!#|data:)", drawn)  # nothing outside the page


def test_no_utterance_is_shown(labels: Path, tiny_corpus: str, tmp_path: Path) -> None:
    written = [path.read_text(encoding="utf-8") for path in conversations_page(labels, tiny_corpus, tmp_path / "out")]
    for _, situation, turns in DIALOGUES["train"].values():
        assert not [text for text in (situation, *turns) for content in written if text in content]


def test_the_command_makes_the_same_page(
    labels: Path, tiny_corpus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, excluded = tmp_path / "out", tmp_path / "excluded.txt"
    excluded.write_text("hit:2_conv:4\n", encoding="utf-8")
    first = [path.read_text(encoding="utf-8") for path in conversations_page(labels, tiny_corpus, out, excluded)]
    (command,) = re.findall(r"^python -m pipelines.conversations.page (.*)$", first[0], re.MULTILINE)
    assert page.PROG == "python -m pipelines.conversations.page"
    assert "5 training dialogues" in first[0]
    assert main(command.split()) == 0
    assert capsys.readouterr().out.split() == [str(out / "conversations.md"), str(out / "conversations.html")]
    assert [
        path.read_text(encoding="utf-8") for path in (out / "conversations.md", out / "conversations.html")
    ] == first
