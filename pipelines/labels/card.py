"""The label card as Markdown: where the scores come from and how far people agree with them."""

from collections.abc import Mapping, Sequence
from typing import Any

NONE = "–"
DISTRIBUTION = ("mean", "sd", "q5", "q25", "q50", "q75", "q95")


def card_markdown(card: Mapping[str, Any]) -> str:
    """The card of a labels folder, for people."""
    model = card["label_model"]
    chosen = (
        f"fitted on the human ratings of training dialogues; signal set `{model['chosen']}`, chosen by cross-validation"
        if model["kind"] == "fitted"
        else "the weights published with the package"
    )
    parts = [
        f"# Label card: {card['name']}",
        "A 1-5 empathy score for every listener turn of EmpatheticDialogues (Rashkin et al. 2019, CC BY-NC 4.0): the "
        "median rating (interpolated) that raters picked at random would give to a dialogue whose turns are all "
        f"like this one. Label model: proportional odds with an effect for each rater's sheet, {chosen}.",
        "## Counts",
        _table(
            ["split", "turns", "mean", "sd", "5 %", "25 %", "median", "75 %", "95 %"],
            [
                [
                    split,
                    f"{row['turns']:,}",
                    *(f"{row[key]:.2f}" for key in DISTRIBUTION),
                ]
                for split, row in card["counts"].items()
            ],
        ),
        "Beside each score: `empathy_se`, its standard error from the uncertain weights (not from the thresholds or "
        "the sheets), and `empathy_sd`, the spread of single human ratings.",
        f"Spearman of the score with the words of the response: {card['words_and_score']:.2f}.",
    ]
    if card["agreement"]["valid"]:
        parts += [
            "## Agreement with people, validation dialogues",
            "Mean score over a dialogue's listener turns against its human rating; nothing was fitted or chosen on "
            "these dialogues. Intervals: 95 %, bootstrap over dialogues.",
            _agreement_table([("labels", card["agreement"]["valid"])]),
        ]
    if card["cross_validation"]:
        parts += [
            "## The choice of signals, by cross-validation on training dialogues",
            f"{card['rated_dialogues']['train']:,} rated dialogues in five folds, scores of dialogues that the label "
            "model was not fitted on; chosen by Spearman within a rater's sheet.",
            _agreement_table(
                [(f"{row['candidate']} ({row['signals']})", row["agreement"]) for row in card["cross_validation"]]
            ),
        ]
    if card["calibration"]:
        parts += [
            "## Calibration of held-out scores",
            _table(
                ["dialogues", "mean score", "median rating", "mean rating"],
                [
                    [str(row["n"]), *(f"{row[key]:.2f}" for key in ("score", "median", "mean"))]
                    for row in card["calibration"]
                ],
            ),
        ]
    parts += [
        "## Signals",
        "Weight: logits a standard deviation, ± its standard error; the Spearman is that of the signal's mean over the "
        "turns with the ratings of validation dialogues, alone and given the listener's words.",
        _table(
            ["signal", "says", "coverage", "weight", "ρ", "ρ given length"],
            [_signal_row(row) for row in card["signals"]],
        ),
        "## Sources",
        "\n".join(
            f"- `{function}`: {source}"
            for function, source in {row["signal"].split(".")[0]: row["source"] for row in card["signals"]}.items()
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _signal_row(row: Mapping[str, Any]) -> list[str]:
    weight = NONE
    if row["weight"] is not None:
        error = row["standard_error"]
        weight = f"{row['weight']:+.2f}" + ("" if error is None else f" ± {error:.2f}")
    valid = row["agreement"].get("valid") or {}
    return [
        f"`{row['signal']}`",
        row["says"].replace("|", "\\|"),
        f"{100 * row['coverage']:.0f} %",
        weight,
        _figure(valid.get("spearman")),
        _figure(valid.get("spearman_given_length")),
    ]


def _agreement_table(rows: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    keys = ("spearman", "spearman_within_rater", "spearman_given_length", "qwk", "mae", "mae_whole")
    return _table(
        ["", "n", "ρ", "ρ within a sheet", "ρ given length", "QWK", "MAE", "MAE, whole ratings"],
        [[name, str(row["n"]), *(_figure(row[key]) for key in keys)] for name, row in rows],
    )


def _figure(estimate: Mapping[str, float] | None) -> str:
    if estimate is None:
        return NONE
    return f"{estimate['value']:.3f} [{estimate['low']:.3f}, {estimate['high']:.3f}]"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
