"""A file is scored as its pairs are; columns and order stay; bad rows are put aside; a killed run goes on."""

import csv
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
from pipelines.scoring import EmpathyScorer
from pipelines.scoring.batch import run
from pipelines.scoring.batch.columns import ADDED
from pipelines.scoring.batch.run import score_file

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
    outcome = score_file(scorer, path, out, "context", "response")
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
    score_file(scorer, path, tmp_path / "out.jsonl", "context", "response")
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
    outcome = score_file(scorer, path, tmp_path / "out.jsonl", "context", "response")
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
            "response: expected a text, got NoneType",
            "expected UTF-8",
            "no JSON",
            "expected at most 20,000 characters, got 20,001",
            "context: expected a text or turns, got nothing",
            "context: expected a list of turns",
        ],
        strict=True,
    ):
        assert part in reason


def test_bad_rows_of_a_csv(scorer: EmpathyScorer, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b"context,response\nThey towed my van!,Oh.\nonly one\na,b,c\nx,\xff\nLast.,One.\n")
    outcome = score_file(scorer, path, tmp_path / "out.csv", "context", "response")
    assert (outcome.scored, outcome.rejected) == (2, 3)
    assert [row["response"] for row in rows_of(tmp_path / "out.csv")] == ["Oh.", "One."]
    reasons = [row["reason"] for row in rows_of(tmp_path / "out.csv.rejected.jsonl")]
    assert reasons == [
        "expected 2 columns, got 1",
        "expected 2 columns, got 3",
        "expected UTF-8, got other bytes",
    ]


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
    outcome = score_file(scorer, tmp_path / "in.parquet", tmp_path / "out.parquet", "context", "response")
    assert (outcome.scored, outcome.rejected) == (2, 1)
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.schema.field("when").type == pa.timestamp("us")
    assert found.column("blob").to_pylist() == [b"\x00\xff", b"z"]
    assert found.column("when").to_pylist() == [datetime(2026, 1, 2, 3), None]


def test_a_killed_run_goes_on(scorer: EmpathyScorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, out = make_input(tmp_path, ".csv"), tmp_path / "out.csv"
    monkeypatch.setattr(run, "PART", 5)
    score, calls = scorer.score_rows, []

    def killed(rows: Sequence[Any]) -> Any:
        calls.append(len(rows))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return score(rows)

    monkeypatch.setattr(scorer, "score_rows", killed)
    with pytest.raises(KeyboardInterrupt):
        score_file(scorer, path, out, "context", "response")
    assert not out.exists()
    assert score_file(scorer, path, out, "context", "response").scored == 12
    assert calls == [5, 5, 5, 2]  # the first five are not scored again
    monkeypatch.setattr(scorer, "score_rows", score)
    score_file(scorer, path, tmp_path / "again.csv", "context", "response")
    assert out.read_bytes() == (tmp_path / "again.csv").read_bytes()


def test_parts_of_another_input_are_not_mixed_in(scorer: EmpathyScorer, tmp_path: Path) -> None:
    path, out = make_input(tmp_path, ".csv"), tmp_path / "out.csv"
    run.Output(
        out, {"input": "another", "checkpoint": scorer.checkpoint.fingerprint, "columns": ["context", "response"]}
    )
    with pytest.raises(UserError, match="expected the parts of this run, they are of one with another input"):
        score_file(scorer, path, out, "context", "response")


def test_what_a_user_gets_wrong(scorer: EmpathyScorer, tmp_path: Path) -> None:
    path = make_input(tmp_path, ".csv")
    for source, target, columns, message in [
        (path, tmp_path / "out.xlsx", ("context", "response"), "expected an output that ends in"),
        (tmp_path / "in.txt", tmp_path / "out.csv", ("context", "response"), "expected a file that ends in"),
        (tmp_path / "none.csv", tmp_path / "out.csv", ("context", "response"), "expected a file, there is none"),
        (path, tmp_path / "out.csv", ("said", "response"), "expected a column 'said', got id, context, response"),
        (path, path, ("context", "response"), "expected no such file yet, there is one"),
    ]:
        with pytest.raises(UserError, match=message):
            score_file(scorer, source, target, *columns)
    taken = write_csv(tmp_path / "taken.csv", [["a", "b", "1"]], ("context", "response", "empathy"))
    with pytest.raises(UserError, match="expected no columns named as those of a score, got empathy"):
        score_file(scorer, taken, tmp_path / "out.csv", "context", "response")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(UserError, match="the file is empty"):
        score_file(scorer, tmp_path / "empty.csv", tmp_path / "out.csv", "context", "response")


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
    with pytest.raises(UserError, match="expected either FILE --out OUT, or two texts"):
        main([str(path)])


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
