"""Published figures that stand beside ours: on other labels, encoders or splits, so for orientation only."""

from dataclasses import dataclass

NOT_COMPARABLE = (
    "The published figures are on other labels, and most on another encoder, view or test set than the runs above. "
    "They say what has been reached elsewhere; a difference from ours is no evidence that either is better."
)

REMARKS = (
    "The published comparison of the families and the published λ_emo ablation disagree on mvc at λ 0.1; both stand "
    "as in their source. Agreement with people: 50 dialogues rated by three experts, each rater against the experts."
)


@dataclass(frozen=True)
class PublishedRow:
    """One published system. Figures are text, as published, since some are ranges; "" where none was given."""

    system: str
    encoder: str
    view: str
    data: str
    seeds: str
    lambda_emo: str
    mae: str
    spearman: str
    accuracy: str
    source: str


_VIEWS = {"baseline": "full dialogue", "stm": "full dialogue", "mvc": "context view, and full dialogue"}
_HYBRID = "EmpatheticDialogues, hybrid silver labels"
_FAMILIES = "comparison of the families"
_SWEEP = "λ_emo ablation"
_EXPERTS = "agreement with the experts"


def _cascade(system: str, seeds: str, weight: str, mae: str, spearman: str, accuracy: str, source: str) -> PublishedRow:
    return PublishedRow(system, "roberta-base", _VIEWS[system], _HYBRID, seeds, weight, mae, spearman, accuracy, source)


def _people(system: str, spearman: str) -> PublishedRow:
    data = "50 rated EmpatheticDialogues"
    return PublishedRow(system, "", "whole dialogue", data, "", "", "", spearman, "", _EXPERTS)


def _emotion(system: str, encoder: str, view: str, accuracy: str) -> PublishedRow:
    source = "emotion accuracy"
    return PublishedRow(system, encoder, view, "EmpatheticDialogues", "", "", "", "", accuracy, source)


PUBLISHED = (
    _cascade("baseline", "17, 39, 43", "0.1", "0.3977", "0.7396", "0.4150", _FAMILIES),
    _cascade("stm", "17, 39, 43", "0.1", "0.4946", "0.7077", "0.3951", _FAMILIES),
    _cascade("mvc", "17, 39, 43", "0.1", "0.3338", "0.7574", "0.4148", _FAMILIES),
    _cascade("mvc", "", "0.3", "0.4033", "0.7091", "0.4305", _SWEEP),
    _cascade("mvc", "", "0.1", "0.3404", "0.7505", "0.4529", _SWEEP),
    _cascade("mvc", "", "0.05", "0.3576", "0.7222", "0.2691", _SWEEP),
    _emotion("emotion classifier", "RoBERTa-base", "situation", "0.58-0.59"),
    _emotion("emotion classifier", "RoBERTa-large", "situation", "0.61"),
    _emotion("emotion classifier", "ALBERT", "whole history", "0.53"),
    _people("one expert with the other two", "0.63-0.67"),
    _people("GPT-4o", "0.59"),
    _people("Claude 3.7", "0.60"),
    _people("ensemble of three LLMs", "0.69"),
    _people("crowd workers", "0.31"),
)
