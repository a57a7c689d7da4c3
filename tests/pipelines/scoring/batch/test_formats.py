"""Conversations in the forms that people have them: each listener's turn is an item, as docs/formats.md says."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines.errors import UserError
from pipelines.scoring.batch.conversations import TURN_COLUMNS, Conversations, InputSettings, Item, Messages
from pipelines.scoring.batch.source import Source
from tests.pipelines.scoring.batch.test_csv import items, problems

SAID = [
    ("user", "My bike was stolen."),
    ("assistant", "Oh no. Did you need it?"),
    ("user", "Every day."),
    ("assistant", "That is hard."),
]
SYSTEM = ("system", "Be kind.")
OPENAI = [{"role": role, "content": text} for role, text in [SYSTEM, *SAID]]
SHAREGPT = [{"from": {"user": "human", "assistant": "gpt"}.get(role, role), "value": text} for role, text in SAID]


def replies(found: list[Item]) -> list[tuple[int, str]]:
    """Number of turns before, and the reply, of every item."""
    return [(len(item.context), item.response) for item in found if item.problem is None]


def write(path: Path, rows: list[Any]) -> Path:
    if path.suffix == ".parquet":
        pd.DataFrame(rows).to_parquet(path)
    elif path.suffix == ".csv":
        pd.DataFrame(rows).to_csv(path, index=False)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


EVERY = [(1, "Oh no. Did you need it?"), (3, "That is hard.")]


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet", ".csv", ".json"])
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("messages", OPENAI),
        ("conversations", SHAREGPT),
        ("conversation", [{"speaker": "Ann", "utterance": SAID[0][1]}, {"speaker": "Ben", "utterance": SAID[1][1]}]),
        ("dialogue", [text for _, text in SAID]),
        ("messages", json.dumps(OPENAI)),
        ("chat", "\n".join(f"{role}: {text}" for role, text in SAID)),
    ],
)
def test_a_whole_conversation_in_a_column(tmp_path: Path, suffix: str, column: str, value: Any) -> None:
    path = write(tmp_path / f"in{suffix}", [{"id": 7, column: value}])
    source = Source(path, InputSettings())
    assert isinstance(source.layout, Conversations)
    assert source.columns == ["id", *TURN_COLUMNS]
    found = list(source.items())
    assert replies(found) == EVERY[: 1 if column == "conversation" else 2]
    assert [str(item.columns["id"]) for item in found] == ["7"] * len(found)
    assert found[0].context == [{"role": "speaker", "text": "My bike was stolen."}]
    assert found[0].columns["scored_turn"] == 1
    assert json.loads(found[0].columns["scored_context"]) == found[0].context


def test_a_numpy_column_of_turns(tmp_path: Path) -> None:
    frame = pd.DataFrame({"conversations": [np.array(OPENAI, dtype=object)] * 2})
    frame.to_parquet(tmp_path / "in.parquet")
    assert replies(items(tmp_path / "in.parquet")) == EVERY * 2
    frame.to_csv(tmp_path / "in.csv", index=False)  # numpy's own way of printing it
    assert replies(items(tmp_path / "in.csv")) == EVERY * 2


def test_what_a_turn_may_hold_besides(tmp_path: Path) -> None:
    messages = [
        {"role": "Human", "content": [{"type": "text", "text": "My bike"}, {"type": "text", "text": "was stolen."}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "tool", "content": "42"},
        {"role": "assistant", "content": "Oh no.", "name": "bot", "ts": 3},
    ]
    (found,) = items(write(tmp_path / "in.jsonl", [{"messages": messages}]))
    assert (found.context, found.response) == ([{"role": "speaker", "text": "My bike was stolen."}], "Oh no.")


@pytest.mark.parametrize(
    ("messages", "problem"),
    [
        ([{"role": "user", "content": "x"}], "expected a turn of the listener's after one of the speaker's, got none"),
        ([{"role": "assistant", "content": "x"}], "got none"),
        ([], "got none"),
        ([{"role": "user", "content": None}, OPENAI[2]], r"messages[0].content: expected a text, got null"),
        ([{"content": "x"}, OPENAI[2]], "messages[0]: expected a role"),
        ([{"role": "user"}], "messages[0]: expected a text"),
        ([{"role": 3, "content": "x"}], "messages[0].role: expected a text, got int"),
        ([{"role": name, "content": "x"} for name in ("Ann", "Ben", "Cy")], "--listener NAME"),
        (5, "messages: expected a list of turns, got int"),
        (None, "messages: expected a list of turns, got nothing"),
        ([1, 2], "messages[0]: expected a turn with role and text, got int"),
        ('[{"role": "user", "content": "My bi', "a list that was cut off"),
    ],
)
def test_what_is_no_conversation_is_put_aside(tmp_path: Path, messages: Any, problem: str) -> None:
    path = write(tmp_path / "in.jsonl", [{"messages": messages}, {"messages": OPENAI}])
    found = items(path)
    ((line, told),) = problems(found)
    assert line == 1
    assert problem in told
    assert replies(found) == EVERY


@pytest.mark.parametrize(
    "names",
    [
        ("conversation_id", "role", "text"),
        ("conv_id", "speaker", "utterance"),
        ("ticket_id", "author", "body"),
        ("Dialog_ID", "Sender", "Message"),
    ],
)
def test_one_message_a_row(tmp_path: Path, names: tuple[str, str, str]) -> None:
    rows = [[1, "user", "My bike"], [2, "user", "I won!"], [1, "user", "was stolen."], [2, "assistant", "Great!"]]
    rows += [[1, "assistant", "Oh no."], [1, "assistant", "Did you need it?"], [3, "user", "Hello?"]]
    path = write(tmp_path / "in.csv", [dict(zip(names, row, strict=True)) | {"at": k} for k, row in enumerate(rows)])
    source = Source(path, InputSettings())
    assert isinstance(source.layout, Messages)
    found = list(source.items())
    assert replies(found) == [(1, "Oh no. Did you need it?"), (1, "Great!")]
    assert found[0].context == [{"role": "speaker", "text": "My bike was stolen."}]
    assert [item.columns["at"] for item in found if item.problem is None] == ["4", "3"]
    ((line, told),) = problems(found)
    assert line == 8
    assert told.endswith("3: expected a turn of the listener's after one of the speaker's, got none")


def test_columns_of_messages_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "in.csv", [{"c": 1, "who": "Ann", "what": "Hi."}, {"c": 1, "who": "Ben", "what": "Hello."}])
    named = {"id": "c", "role": "who", "text": "what"}
    assert replies(items(path, **named)) == [(1, "Hello.")]
    path = write(tmp_path / "in.csv", [{"c": 1, "who": name, "what": "Hi."} for name in ("Ann", "Ben", "Cy", "ann")])
    ((_, told),) = problems(items(path, **named))
    assert "expected two people, or roles such as user and assistant, got Ann, Ben, Cy, ann" in told
    assert replies(items(path, **named, listener="ANN")) == [(2, "Hi.")]
    ((_, told),) = problems(items(path, **named, listener="Dan"))
    assert "expected messages of the listener 'Dan', got Ann, Ben, Cy" in told


def test_empatheticdialogues_as_it_is_published(tmp_path: Path) -> None:
    lines = [
        "conv_id,utterance_idx,context,prompt,speaker_idx,utterance,selfeval,tags",
        'hit:0_conv:1,1,sad,My bike.,1,My bike_comma_ "Bess"_comma_ is gone.,5|5|5_2|2|5,',
        "hit:0_conv:1,2,sad,My bike.,0,Oh no.,5|5|5_2|2|5,,candidates|more",
    ]
    (tmp_path / "in.csv").write_text("\n".join(lines) + "\n")
    (found,) = items(tmp_path / "in.csv")
    assert found.context == [{"role": "speaker", "text": 'My bike, "Bess", is gone.'}]
    assert (found.response, found.columns["context"]) == ("Oh no.", "sad")


CHATS = {
    "whatsapp of iOS": """\ufeff[12/05/2024, 10:00:59] Ann: \u200eMessages and calls are end-to-end encrypted.
[12/05/2024, 10:01:22] Ann: My bike was stolen.
\u200e[12/05/2024, 10:01:40] Ann: \u200eimage omitted
[12/05/2024, 10:02:10] Ben: Oh no.
Did you need it?
""",
    "whatsapp of other phones": """12/05/2024, 10:00 - Messages and calls are end-to-end encrypted. Tap to learn more.
12/05/2024, 10:01 - Ann: My bike was stolen.
12/05/2024, 10:01 - Ann: <Media omitted>
12/05/2024, 10:02 - Ben: Oh no.
Did you need it?
""",
    "american times": """5/12/24, 10:01\u202fAM - Ann: My bike was stolen.
5/12/24, 10:02\u202fAM - Ben: Oh no. Did you need it?
""",
    "german dates": """[12.05.24, 10:01:22] Ann: My bike was stolen.
[12.05.24, 10:02:10] Ben: Oh no. Did you need it?
""",
    "discord by an exporter": """==============================================================
Guild: House
Channel: talk
==============================================================

[12-May-24 10:01 AM] ann#1234
My bike was stolen.

[12-May-24 10:02 AM] ben#5678
Oh no.
Did you need it?

==============================================================
Exported 2 message(s)
""",
    "discord copied from its window": """ann \u2014 Today at 10:01 AM
My bike was stolen.
ben \u2014 Today at 10:02 AM
Oh no.
Did you need it?
""",
    "names": """Ann: My bike was stolen.

Ben: Oh no.
Did you need it?
""",
    "roles": """System: Be kind.
User: My bike was stolen.
Assistant: Oh no. Did you need it?
""",
}


@pytest.mark.parametrize("text", CHATS.values(), ids=CHATS.keys())
def test_text_exports(tmp_path: Path, text: str) -> None:
    (tmp_path / "chat.txt").write_text(text, encoding="utf-8")
    (found,) = items(tmp_path / "chat.txt")
    assert found.context == [{"role": "speaker", "text": "My bike was stolen."}]
    assert found.response == "Oh no. Did you need it?"
    assert list(found.columns) == ["author", *TURN_COLUMNS]


def test_the_listener_of_a_text_export(tmp_path: Path) -> None:
    (tmp_path / "chat.txt").write_text("Ann: Hello.\nBen: My bike was stolen.\nAnn: Oh no.\n")
    assert replies(items(tmp_path / "chat.txt")) == [(1, "My bike was stolen.")]
    assert replies(items(tmp_path / "chat.txt", listener="ann")) == [(2, "Oh no.")]


@pytest.mark.parametrize("text", ["My bike was stolen.\nOh no.\n", "Ann: Hello.\nAnn: Who is there?\n", "Note: x\n"])
def test_a_text_that_is_no_export(tmp_path: Path, text: str) -> None:
    (tmp_path / "notes.txt").write_text(text)
    with pytest.raises(UserError, match="expected an export of WhatsApp or Discord, or lines such as"):
        items(tmp_path / "notes.txt")


def test_a_long_conversation_hands_on_what_can_be_read(tmp_path: Path) -> None:
    lines = [f"{('Ann', 'Ben')[k % 2]}: Number {k} of many words that go on and on." for k in range(400)]
    (tmp_path / "chat.txt").write_text("\n".join(lines))
    found = items(tmp_path / "chat.txt")
    assert len(found) == 200
    assert max(len(item.context) for item in found) < 120
    assert found[-1].context[-1]["text"].startswith("Number 398 ")
