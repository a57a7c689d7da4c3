"""The selections that the study compares."""

from pathlib import Path

import pandas as pd
import pytest

from pipelines.conversations import training_dialogues
from pipelines.conversations.training_dialogues import SELECTIONS, TrainingDialogues
from pipelines.data.empatheticdialogues_files import COLUMNS
from pipelines.errors import UserError

# Of 100 training dialogues: the listener's emotion in answer to joy, and how many dialogues show it.
ANSWERS = {"joy": 44, "pride": 15, "relief": 29, "fear": 12}
FAULTY = 10  # further ones


def conv_ids() -> list[str]:
    return [f"hit:{number}_conv:{number}" for number in range(100 + FAULTY)]


def answers() -> list[str]:
    return [emotion for emotion, count in ANSWERS.items() for _ in range(count)] + ["joy"] * FAULTY


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    """One exchange a dialogue; the faulty ones lack their second utterance's number."""
    for split in ("train", "valid", "test"):
        lines = [",".join(COLUMNS)]
        for number, conv_id in enumerate(conv_ids() if split == "train" else [f"hit:0_conv:{split}"]):
            second = 2 if number < 100 else 3
            lines.append(f"{conv_id},1,joyful,Situation {split} {number}.,1,I won race {number}!,,")
            lines.append(f"{conv_id},{second},joyful,Situation {split} {number}.,0,Good for you and {number}.,,")
        (tmp_path / f"{split}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(tmp_path)


def tagged(labels: Path, path: str) -> pd.DataFrame:
    assert labels == Path("labels/mine")
    rows = [
        (conv_id, turn, split, role, emotion)
        for conv_id, answer in zip(conv_ids(), answers(), strict=True)
        for turn, split, role, emotion in ((1, "train", "speaker", "joy"), (2, "train", "listener", answer))
    ]
    # Another split's pairs are counted nowhere.
    rows += [
        (f"v{number}", turn, "valid", role, emotion)
        for number in range(50)
        for turn, role, emotion in ((1, "speaker", "joy"), (2, "listener", "fear"))
    ]
    return pd.DataFrame(rows, columns=["conv_id", "turn", "split", "role", "emotion"])


def test_what_each_selection_keeps(corpus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_dialogues, "tag_emotions", tagged)
    dialogues = TrainingDialogues(conv_ids(), corpus, Path("labels/mine"))
    chosen = {name: dialogues.choose(name) for name in SELECTIONS}
    assert {name: len(one.conv_ids) for name, one in chosen.items()} == {
        "as_is": 110, "cleaned": 100, "pairs_87": 88, "pairs_57": 44, "pairs_43": 44, "random_43": 44,
    }  # fmt: skip
    # A threshold of 44 keeps 44 dialogues, 29 keeps 73, 15 keeps 88; 57 is nearer to 44 than to 73.
    assert {name: one.threshold for name, one in chosen.items()} == {
        "as_is": None, "cleaned": None, "pairs_87": 15, "pairs_57": 44, "pairs_43": 44, "random_43": None,
    }  # fmt: skip
    assert {name: round(one.share, 3) for name, one in chosen.items()} == {
        "as_is": 1.0, "cleaned": 0.909, "pairs_87": 0.88, "pairs_57": 0.44, "pairs_43": 0.44, "random_43": 0.44,
    }  # fmt: skip
    assert chosen["pairs_43"].conv_ids == frozenset(conv_ids()[:44])
    assert chosen["random_43"].conv_ids < chosen["cleaned"].conv_ids
    assert chosen["random_43"].conv_ids != chosen["pairs_43"].conv_ids
    again = TrainingDialogues(reversed(conv_ids()), corpus, Path("labels/mine")).choose("random_43")
    assert again == chosen["random_43"]


def test_what_was_left_out_before_counts_nowhere(corpus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_dialogues, "tag_emotions", tagged)
    dialogues = TrainingDialogues(conv_ids()[40:105], corpus, Path("labels/mine"))
    assert dialogues.cleaned == frozenset(conv_ids()[40:100])
    assert set(dialogues.faults["fault"]) == {"broken_numbering"}
    assert dialogues.exchanges["listener_emotion"].value_counts().to_dict() == ANSWERS | {"joy": 4}


def test_only_pairs_need_labels(corpus: str) -> None:
    dialogues = TrainingDialogues(conv_ids(), corpus, None)
    assert len(dialogues.choose("cleaned").conv_ids) == 100
    for name in ("pairs_43", "random_43"):
        with pytest.raises(UserError, match="labels: expected a labels folder, whose rater tags the utterances"):
            dialogues.choose(name)
