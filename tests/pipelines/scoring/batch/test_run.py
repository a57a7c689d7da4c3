"""A file is scored as its pairs are; columns and order stay; bad rows are put aside; a killed run goes on."""

import csv
import errno
import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.errors import UserError
from pipelines.score import SHAPES_KEPT, main
from pipelines.scoring import EmpathyScorer, reader
from pipelines.scoring import scorer as scorer_module
from pipelines.scoring.batch import outputs, run
from pipelines.scoring.batch.columns import ADDED
from pipelines.scoring.batch.conversations import InputSettings
from pipelines.scoring.batch.run import score_file
from pipelines.scoring.batch.text_files import NOT_UTF8

PAIRS = [
    ("Our old cat died last week.", "I am so sorry. You must miss her."),
    ("They towed my van!", "Cats die."),
    ("My brother came home!", 'How happy you must be, "finally"!\nTell me.'),
    ("Nobody came to my party.", "That hurts, señor 🙂"),
] * 3  # fmt: skip


def write_csv(path: Path, rows: Sequence[Sequence[str]], head: Sequence[str] = ("id", "context", "response")) -> Path:
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([head, *rows])
    return path


def rows_of(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return list(pq.read_table(path).to_pylist())
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def make_input(folder: Path, suffix: str) -> Path:
    path = folder / f"in{suffix}"
    named = [{"id": str(k), "context": context, "response": reply} for k, (context, reply) in enumerate(PAIRS)]
    if suffix == ".csv":
        return write_csv(path, [list(row.values()) for row in named])
    if suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in named), encoding="utf-8")
    else:
        pq.write_table(pa.Table.from_pylist(named), path)
    return path


@pytest.mark.parametrize("source", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("target", [".csv", ".jsonl", ".parquet"])
def test_every_format_into_every_format(scorer: EmpathyScorer, tmp_path: Path, source: str, target: str) -> None:
    path, out = make_input(tmp_path, source), tmp_path / f"out{target}"
    outcome = score_file(scorer, path, out)
    assert (outcome.scored, outcome.rejected, outcome.written) == (12, 0, [out])
    found, expected = rows_of(out), scorer.score_pairs(PAIRS)
    assert [row["id"] for row in found] == [str(k) for k in range(12)]
    assert [row["response"] for row in found] == [reply for _, reply in PAIRS]
    assert list(found[0]) == ["id", "context", "response", *ADDED]
    for row, score in zip(found, expected, strict=True):
        assert float(row["empathy"]) == pytest.approx(score.empathy, abs=1e-4)
        assert float(row["empathy_low"]) == pytest.approx(score.interval.low, abs=1e-4)
        assert row["emotion"] == score.emotion
        assert str(row["abstain"]) == str(score.abstain)
    assert not (tmp_path / f"out{target}.parts").exists()


def test_turns_as_a_context(scorer: EmpathyScorer, tmp_path: Path) -> None:
    turns = ["Our cat died last week.", "Oh no.", "She was with us for years."]
    path = tmp_path / "in.jsonl"
    lines = [{"context": turns, "response": "Sorry."}, {"context": json.dumps(turns), "response": "Sorry."}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    score_file(scorer, path, tmp_path / "out.jsonl")
    expected = scorer.score(turns, "Sorry.").empathy
    assert [row["empathy"] for row in rows_of(tmp_path / "out.jsonl")] == pytest.approx([expected] * 2, abs=1e-5)


def test_bad_rows_are_put_aside_with_the_reason(scorer: EmpathyScorer, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    good = json.dumps({"context": "They towed my van!", "response": "Oh."}).encode()
    bad = [
        b'{"context": "x", "response": 5}',
        b"{broken",
        b'["a list"]',
        b'{"context": "x"}',
        b'{"context": "\xff", "response": "x"}',
        b"[" * 100_000,
        json.dumps({"context": "x", "response": "y" * 20_001}).encode(),
        b'{"context": null, "response": "x"}',
        b'{"context": NaN, "response": "x"}',
    ]
    path.write_bytes(b"\n".join([good, *bad, good]) + b"\n")
    outcome = score_file(scorer, path, tmp_path / "out.jsonl")
    assert (outcome.scored, outcome.rejected) == (2, len(bad))
    rejected = rows_of(tmp_path / "out.jsonl.rejected.jsonl")
    assert [row["number"] for row in rejected] == list(range(2, 2 + len(bad)))
    reasons = [row["reason"] for row in rejected]
    for reason, part in zip(
        reasons,
        [
            "response: expected a text, got int",
            "no JSON",
            "expected a JSON object, got list",
            "response: expected a text or turns, got nothing",
            "expected UTF-8",
            "no JSON",
            "expected at most 20,000 characters, got 20,001",
            "context: expected a text or turns, got nothing",
            "context: expected a text or turns, got nothing",
        ],
        strict=True,
    ):
        assert part in reason


def test_bad_rows_of_a_csv(scorer: EmpathyScorer, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b"context,response\nThey towed my van!,Oh.\nonly one\na,b,c\nx,\xff\nLast.,One.\n")
    outcome = score_file(scorer, path, tmp_path / "out.csv")
    assert (outcome.scored, outcome.rejected) == (2, 3)
    assert [row["response"] for row in rows_of(tmp_path / "out.csv")] == ["Oh.", "One."]
    reasons = [row["reason"] for row in rows_of(tmp_path / "out.csv.rejected.jsonl")]
    assert reasons == [
        "expected 2 columns, got 1",
        "expected 2 columns, got 3",
        NOT_UTF8,
    ]
    assert [row["line"] for row in rows_of(tmp_path / "out.csv.rejected.jsonl")] == [3, 4, 5]


def test_parquet_columns_keep_their_types(scorer: EmpathyScorer, tmp_path: Path) -> None:
    table = pa.table(
        {
            "when": pa.array([datetime(2026, 1, 2, 3), None, None], pa.timestamp("us")),
            "context": ["They towed my van!", None, "Our cat died."],
            "response": ["Oh.", "x", "Cats die."],
            "blob": pa.array([b"\x00\xff", b"", b"z"]),
        }
    )
    pq.write_table(table, tmp_path / "in.parquet")
    outcome = score_file(scorer, tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert (outcome.scored, outcome.rejected) == (2, 1)
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.schema.field("when").type == pa.timestamp("us")
    assert found.column("blob").to_pylist() == [b"\x00\xff", b"z"]
    assert found.column("when").to_pylist() == [datetime(2026, 1, 2, 3), None]


def test_a_killed_run_goes_on(scorer: EmpathyScorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, out = make_input(tmp_path, ".csv"), tmp_path / "out.csv"
    monkeypatch.setattr(run, "CHUNK", 8)  # two windows, of 8 and 4 rows
    monkeypatch.setattr(reader, "BATCH_SIZE", 2)
    monkeypatch.setattr(scorer_module, "GROUP", 1)
    judged, calls = scorer._judged, []

    def killed(rows: Sequence[Any]) -> Any:
        calls.append(len(rows))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return judged(rows)

    monkeypatch.setattr(scorer, "_judged", killed)
    with pytest.raises(KeyboardInterrupt):
        score_file(scorer, path, out)
    assert not out.exists()
    assert score_file(scorer, path, out).scored == 12
    assert calls == [2, 2, 2, *[2] * 4]  # the first two groups are not scored again
    monkeypatch.setattr(scorer, "_judged", judged)
    score_file(scorer, path, tmp_path / "again.csv")
    assert out.read_bytes() == (tmp_path / "again.csv").read_bytes()


def test_another_format_goes_on_with_what_was_scored(
    scorer: EmpathyScorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_input(tmp_path, ".jsonl")

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(outputs, "write_joined", full)
        with pytest.raises(UserError, match="the disk is full"):
            score_file(scorer, path, tmp_path / "out.parquet")
    monkeypatch.setattr(scorer, "_judged", lambda _: pytest.fail("scored again"))
    assert score_file(scorer, path, tmp_path / "out.csv", prefix="my_").scored == 12
    assert list(rows_of(tmp_path / "out.csv")[0])[-1] == "my_abstain_reasons"
    assert not list(tmp_path.glob("*.parts"))


def test_parts_of_another_input_or_other_settings_are_not_mixed_in(
    scorer: EmpathyScorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_input(tmp_path, ".csv")
    monkeypatch.setattr(outputs, "write_joined", lambda *_: pytest.fail("stopped here"))
    for settings in (InputSettings(), InputSettings(context="response", response="context")):
        with pytest.raises(pytest.fail.Exception):
            score_file(scorer, path, tmp_path / "out.csv", settings)
    path.write_text(path.read_text() + "13,More,Rows\n")
    with pytest.raises(pytest.fail.Exception):
        score_file(scorer, path, tmp_path / "out.csv")
    assert len(list(tmp_path.glob("in.csv.*.parts"))) == 3


ODD: dict[str, list[Any]] = {
    "nothing": [{}, {}],
    "mixed": [12, "u13"],
    "large": [2**70, 1],
    "late": [None] * 1500 + ["x"],
    "later": [1] * 1500 + ["x"],
    "inside": [{"a": {}}, {"a": {}}],
    "lists": [["a"], [1]],
}


@pytest.mark.parametrize("name", ODD)
def test_what_parquet_cannot_hold_is_written_as_text(
    scorer: EmpathyScorer,
    tmp_path: Path,
    name: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, out = tmp_path / "in.jsonl", tmp_path / "out.parquet"
    score = scorer.score_pairs([PAIRS[0]])[0]
    monkeypatch.setattr(scorer, "_judged", lambda rows: [score] * len(rows))
    rows = [{"context": PAIRS[0][0], "response": PAIRS[0][1], name: value} for value in ODD[name]]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    score_file(scorer, path, out)
    found = [row[name] for row in rows_of(out)]
    if name == "late":
        assert found == ODD[name]
        return
    assert [None if one is None else json.loads(one) for one in found] == ODD[name]
    assert f"written as JSON text, since Parquet cannot hold their values: {name}" in capsys.readouterr().out


def test_columns_of_some_rows_are_in_every_format(scorer: EmpathyScorer, tmp_path: Path) -> None:
    context, reply = PAIRS[0]
    rows: list[dict[str, Any]] = [{"context": context, "response": reply}]
    rows += [{"id": 7, "context": context, "response": reply, "note": "half \ud83d", "tags": ["a", "b"]}]
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    for suffix in (".csv", ".jsonl", ".parquet"):
        score_file(scorer, path, tmp_path / f"out{suffix}")
        first, second = rows_of(tmp_path / f"out{suffix}")
        assert [first.get(name) or None for name in ("id", "note", "tags")] == [None] * 3
        assert (str(second["id"]), second["note"]) == ("7", "half \ufffd")
        tags = second["tags"]
        assert (json.loads(tags) if isinstance(tags, str) else tags) == ["a", "b"]


def test_a_bar_counts_records(scorer: EmpathyScorer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [["0", "My bike\nwas\nstolen.", "Oh no.\n\nReally?"]] * 5
    score_file(scorer, write_csv(tmp_path / "in.csv", rows), tmp_path / "out.csv")
    assert "5/5" in capsys.readouterr().err


def test_conversations_are_scored_as_dialogues(
    scorer: EmpathyScorer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ["Our cat died last week.", "Oh no.", "She was with us for years.", "Cats die."]
    turns = [{"role": ("user", "assistant")[k % 2], "content": text} for k, text in enumerate(said)]
    (tmp_path / "in.jsonl").write_text(json.dumps({"id": 3, "messages": turns}) + "\n")
    score_file(scorer, tmp_path / "in.jsonl", tmp_path / "out.csv")
    found = rows_of(tmp_path / "out.csv")
    expected = scorer.score_dialogue(said)
    assert [int(row["scored_turn"]) for row in found] == list(expected.turns)
    assert [float(row["empathy"]) for row in found] == pytest.approx(list(expected.trajectory), abs=1e-4)
    assert "read as a whole conversation a row, in the column 'messages'; every turn of" in capsys.readouterr().out


def test_what_a_user_gets_wrong(scorer: EmpathyScorer, tmp_path: Path) -> None:
    path = make_input(tmp_path, ".csv")
    (tmp_path / "in.doc").write_text("x")
    twice = pa.Table.from_arrays([pa.array(["a"])] * 3, ["context", "response", "response"])
    pq.write_table(twice, tmp_path / "twice.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    (tmp_path / "all.jsonl").write_text("no\njson\n")
    for source, target, context, message in [
        (path, tmp_path / "out.xlsx", "context", "expected an output that ends in"),
        (tmp_path / "in.doc", tmp_path / "out.csv", "context", "expected a file that ends in"),
        (tmp_path / "none.csv", tmp_path / "out.csv", "context", "expected a file, there is none"),
        (tmp_path, tmp_path / "out.csv", "context", "expected a file, there is a folder"),
        (path, tmp_path / "out.csv", "said", "expected a column 'said', got id, context, response"),
        (path, path, "context", "expected no such file yet, there is one"),
        (tmp_path / "twice.parquet", tmp_path / "out.csv", "context", "each column's name once, got 'response' twice"),
        (tmp_path / "broken.parquet", tmp_path / "out.csv", "context", "expected a Parquet file, it cannot be read"),
        (tmp_path / "all.jsonl", tmp_path / "out.csv", "context", "no record is one; the first: no JSON"),
    ]:
        with pytest.raises(UserError, match=message):
            score_file(scorer, source, target, InputSettings(context=context))
    taken = write_csv(tmp_path / "taken.csv", [["a", "b", "1"]], ("context", "response", "empathy"))
    with pytest.raises(UserError, match=r"as those of a score, got empathy; .* such as --prefix=rated_"):
        score_file(scorer, taken, tmp_path / "out.csv")
    assert not list(tmp_path.glob("*.parts"))
    assert score_file(scorer, taken, tmp_path / "out.csv", prefix="rated_").scored == 1
    (row,) = rows_of(tmp_path / "out.csv")
    assert (row["empathy"], list(row)[3]) == ("1", "rated_empathy")


def test_the_command(release: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = make_input(tmp_path, ".jsonl"), tmp_path / "out.jsonl"
    with path.open("a") as handle:
        handle.write("{broken\n")
    assert main([str(path), "--out", str(out), "--checkpoint", str(release)]) == 1
    assert f"12 scored, 1 rejected: {out}, {out}.rejected.jsonl" in capsys.readouterr().out
    assert main(["They towed my van!", "Oh.", "--checkpoint", str(release)]) == 0
    assert "of people's ratings" in capsys.readouterr().out
    assert main(["They towed my van!", "Oh.", "--json", "--checkpoint", str(release)]) == 0
    assert json.loads(capsys.readouterr().out)["abstain"] is False


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.csv", "b.csv"], "got 2 names, a.csv among them; score one file after the other"),
        (["a.csv", "b.csv", "c.csv", "--out", "o.csv"], "got 3 names, a.csv among them"),
        (["in.csv", "Oh no."], "got 2 names, in.csv among them"),
        (["in.csv"], "in.csv: expected --out OUT beside a file"),
        (["My bike was stolen."], "expected two texts, CONTEXT and REPLY, got one"),
        (["My", "bike", "was", "stolen."], "got 4; put quotes around each"),
        (["-sigh", "I am sorry."], "goes after two of them: empathy score -- CONTEXT REPLY"),
    ],
)
def test_arguments_that_are_no_pair_and_no_file(arguments: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        main(arguments)


def test_a_pair_of_the_command_line(release: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--checkpoint", str(release), "--", "-sigh", "Oh."]) == 0
    turns = json.dumps([{"role": "user", "content": "They towed my van!"}])
    capsys.readouterr()
    printed = []
    for context in (turns, "They towed my van!"):
        assert main([context, "Oh.", "--checkpoint", str(release)]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]


@pytest.mark.parametrize("given", [None, "256"])
def test_few_shapes_are_kept_unless_told_otherwise(
    given: str | None, release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory grew with the lengths that a file holds; oneDNN reads the variable at its first product."""
    name, few = SHAPES_KEPT
    monkeypatch.setenv(name, given or "")  # so that it is as it was after the test
    if given is None:
        monkeypatch.delenv(name)
    source, out = make_input(tmp_path, ".csv"), tmp_path / "out.csv"
    assert main([str(source), "--out", str(out), "--checkpoint", str(release)]) == 0
    assert os.environ[name] == (given or few)
