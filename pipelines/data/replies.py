"""One's own rated replies, in any file that `empathy score` reads pairs from, to fine-tune a model on."""

from collections import Counter
from pathlib import Path
from typing import Any

from datasets import DatasetDict

from pipelines.data.corpus import WHOLE_CORPUS, Corpus, ReaderReport
from pipelines.data.dialogue import EMOTION_IDS, SPLITS, clean_text, is_missing
from pipelines.data.exclude import note_excluded
from pipelines.data.features import example_dataset
from pipelines.errors import UserError

NAME = "replies"
SHARES = (0.7, 0.85)  # up to the first is train, up to the second valid, the rest test
FEWEST = 30  # rated replies that are worth a split
LOWEST, HIGHEST = 1.0, 5.0
RATINGS = ("empathy", "rating", "score")  # names of the column, the first that is there
GROUPS = ("conv_id", "conversation_id", "dialogue_id", "dialog_id")
FIX = "give a CSV, JSON Lines or Parquet file with the columns context, response and empathy (1 to 5)"


def read_replies(path: str | None, exclude: frozenset[str], strict: bool) -> Corpus:
    """Read a file of pairs with a rating each; every pair is an example.

    A pair's split comes from a hash of its conversation (conv_id, or the like), else of its context, so that one
    conversation is in one split only. Where there is no column `emotion`, the released scorer says what the speaker
    feels, and the report notes it.

    Args:
        path: the file.
        exclude: conversations to leave out.
        strict: refuse a row that cannot be used instead of dropping and counting it.

    Raises:
        UserError: there is no such file, it has no ratings, a rating is not from 1 to 5, (strict) a row cannot be used,
            or too few are left.
    """
    from pipelines.scoring.batch.conversations import InputSettings
    from pipelines.scoring.batch.source import Source
    from pipelines.scoring.turns import context_turns, response_text

    if path is None:
        raise UserError(f"data.path: expected a file of rated replies for {NAME}, got none; {FIX}")
    source = Source(Path(path), InputSettings())
    names = {name.casefold(): name for name in source.columns}
    rating = next((names[name] for name in RATINGS if name in names), None)
    if rating is None:
        raise UserError(f"{path}: expected a column {', '.join(RATINGS)}, got {', '.join(source.columns)}; {FIX}")
    group = next((names[name] for name in GROUPS if name in names), None)
    report = ReaderReport(NAME)
    rows: list[dict[str, Any]] = []
    times: Counter[str] = Counter()
    for item in source.items():
        try:
            if item.problem is not None:
                raise UserError(item.problem)
            turns, reply = context_turns(item.context), response_text(item.response)
            if not reply or is_missing(reply) or not any(turn["text"] for turn in turns):
                raise UserError("expected a context and a reply, one is empty")
            row = _example(item.columns, turns, reply, rating, group, names.get("emotion"))
        except UserError as error:
            if strict or isinstance(error, _RatingError):
                place = f":{item.line}" if item.line is not None else f", row {item.number}"
                raise UserError(f"{path}{place}: {error}") from error
            report.drop(WHOLE_CORPUS, "rows_unusable")
            continue
        times[row["conv_id"]] += 1
        if row["conv_id"] in exclude:
            report.drop(row["split"], "examples_excluded_id")
            continue
        rows.append(row | {"example_id": f"{row['conv_id']}/{times[row['conv_id']]}"})
    if len(rows) < FEWEST or any(not any(row["split"] == split for row in rows) for split in SPLITS):
        raise UserError(f"{path}: expected at least {FEWEST} rated replies in several conversations, got {len(rows)}")
    if "emotion" not in names:
        _add_emotions(rows)
        report.note(WHOLE_CORPUS, "emotions_by_the_released_scorer", len(rows))
    note_excluded(report, exclude, set(times))
    examples = DatasetDict({split: example_dataset(row for row in rows if row["split"] == split) for split in SPLITS})
    report.count_kept(examples)
    return Corpus(NAME, examples, report)


class _RatingError(UserError):
    """A rating on another scale: every other one would be on it, too."""


def _example(
    columns: dict[str, Any],
    turns: list[dict[str, str]],
    reply: str,
    rating: str,
    group: str | None,
    emotion: str | None,
) -> dict[str, Any]:
    from pipelines.data.prepare import dialogue_hash

    given = columns.get(rating)
    try:
        empathy = float("nan" if given is None else given)
    except (TypeError, ValueError):
        empathy = float("nan")
    if empathy != empathy:
        raise UserError(f"{rating}: expected a number from 1 to 5, got {given!r}")
    if not LOWEST <= empathy <= HIGHEST:
        raise _RatingError(
            f"{rating}: expected a number from 1 to 5, got {given}; bring another scale to it, such as "
            "1 + 4 * (rating - lowest) / (highest - lowest)"
        )
    felt = None
    if emotion is not None:
        name = clean_text(str(columns.get(emotion) or "")).lower()
        if name not in EMOTION_IDS:
            raise UserError(
                f"{emotion}: expected one of EmpatheticDialogues' 32 emotions, got {columns.get(emotion)!r}"
            )
        felt = EMOTION_IDS[name]
    said = " ".join(turn["text"] for turn in turns)
    place = dialogue_hash(f"replies {columns[group]}" if group is not None else f"replies {said}")
    share = (place % 10_000) / 10_000
    return {
        "conv_id": str(columns[group]) if group is not None else f"{place:016x}",
        "turn": len(turns) + 1,
        "split": SPLITS[sum(share >= bound for bound in SHARES)],
        "situation": "",
        "dialogue_context": turns,
        "response": reply,
        "emotion": felt,
        "empathy": empathy,
        "label_source": "own",
    }


def _add_emotions(rows: list[dict[str, Any]]) -> None:
    from pipelines.scoring.reader import pair_row
    from pipelines.scoring.scorer import EmpathyScorer

    scores = EmpathyScorer.from_pretrained().score_rows([pair_row(r["dialogue_context"], r["response"]) for r in rows])
    for row, score in zip(rows, scores, strict=True):
        row["emotion"] = EMOTION_IDS[score.emotion]
