"""The settings of `empathy label`, from which the YAML, the flags and the help come."""

from dataclasses import dataclass, field
from typing import Literal

from pipelines.errors import UserError

DEFAULT_FUNCTIONS = (
    "length",
    "cues",
    "reaction",
    "selfeval",
    "epitome",
    "intents",
    "emotions",
    "relevance",
    "rated_words",
    "rated_meaning",
    "ratings",
)


@dataclass
class LabelSettings:
    """How the listener turns of EmpatheticDialogues get their 1-5 scores.

    Args:
        name: of the labels; they lie in <output_dir>/<name>.
        path: EmpatheticDialogues, as for data.path (folder or archive of the official CSVs, or hub).
        functions: names of the labelling functions to use; their signals are what the label model combines.
        encoder: encoder of the functions that need one (Hub id, folder or package:<module>).
        epitome_path: folder of the EPITOME CSVs; needed by the function epitome.
        intents_path: folder of the empathetic intents; needed by the function intents.
        goemotions_path: folder of GoEmotions, or hub; needed by the function emotions.
        human_ratings_path: CSV of human dialogue ratings (conv_id, rating, batch, split); needed by the function
            ratings and by the fitted label model. Ratings of the training split alone are ever fitted.
        exclude_ids: ids that nothing is fitted on; they are labelled like any other. auto as for
            data.exclude_ids.
        label_model: fitted learns the weights from the human ratings; fixed uses the weights published with the
            package, which need no human data.
        seed: of every rater and of every random choice.
        output_dir: folder that holds labels.
        cache_dir: folder of the signals and raters, by a hash of all that they depend on.
    """

    name: str
    path: str
    functions: list[str] = field(default_factory=lambda: list(DEFAULT_FUNCTIONS))
    encoder: str = "roberta-base"
    epitome_path: str | None = None
    intents_path: str | None = None
    goemotions_path: str | None = None
    human_ratings_path: str | None = None
    exclude_ids: str | None = None
    label_model: Literal["fitted", "fixed"] = "fitted"
    seed: int = 17
    output_dir: str = "labels"
    cache_dir: str = "labels/cache"

    def __post_init__(self) -> None:
        if "/" in self.name or self.name in ("", ".", "..", "cache"):
            raise UserError(f"name: expected a folder name other than cache, got {self.name!r}")
        if len(set(self.functions)) != len(self.functions) or not self.functions:
            raise UserError(f"functions: expected at least one labelling function, each once, got {self.functions!r}")
        if self.label_model == "fitted" and self.human_ratings_path is None:
            raise UserError(
                "human_ratings_path: expected a CSV of human ratings for label_model fitted; "
                "give one, or set label_model to fixed"
            )


def needed(value: str | None, key: str, function: str) -> str:
    """`value`, or a UserError that says which setting the function lacks."""
    if value is None:
        raise UserError(
            f"{key}: expected a path, which the labelling function {function} needs; give one, "
            f"or leave {function} out of functions"
        )
    return value
