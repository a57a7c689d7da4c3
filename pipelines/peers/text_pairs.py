"""Raters of text pairs: bi-encoder and cross-encoder, under losses of classification and of regression."""

from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import accuracy_score, f1_score

import peers.text_pairs
from modeling.base import EncoderModel
from peers.text_pairs.configuration import CLASSIFICATION
from pipelines.data.epitome import read_epitome
from pipelines.data.exclude import read_exclude_ids
from pipelines.data.mechanisms import MECHANISMS
from pipelines.data.story_pairs import read_story_pairs
from pipelines.errors import UserError
from pipelines.evaluation.metrics import mae, mse, pearson, spearman
from pipelines.evaluation.predict import Outputs
from pipelines.peers.cell import PeerCell
from pipelines.peers.configuration import PeerSettings, SplitDataSettings, fine_tuning
from pipelines.peers.rows import PeerRow, pair_rows
from pipelines.training.configuration import StageSettings

CLASSES = 4  # summed levels 0, 1, 2 and, merged, 3 to 6
HIGHEST_SUM = 6


@dataclass
class TextPairsData(SplitDataSettings):
    """The pairs.

    Args:
        corpus: epitome, seeker and response posts with the three mechanisms' levels summed to 0-6 (everything above 3
            merged for a classification, a sixth of it for a regression); or stories, rated story pairs.
    """

    corpus: Literal["epitome", "stories"] = "epitome"


@dataclass
class TextPairsModelSettings:
    """The rater.

    Args:
        encoding: bi reads each text alone, cross both as one sequence.
        objective: a loss of classification (cross_entropy, focal, kl) or of regression (mse, mae, contrastive; cosine
            for a bi-encoder).
        head_dropout: probability, in the head.
    """

    encoding: Literal["bi", "cross"] = "cross"
    objective: Literal["cross_entropy", "focal", "kl", "mse", "mae", "contrastive", "cosine"] = "cross_entropy"
    head_dropout: float = 0.1


@dataclass(kw_only=True)
class Settings(PeerSettings):
    """A rater of text pairs, trained once for each seed.

    Args:
        data: the pairs.
        model: the rater.
    """

    data: TextPairsData
    model: TextPairsModelSettings = field(default_factory=TextPairsModelSettings)
    stages: list[StageSettings] = field(default_factory=lambda: fine_tuning("rating"))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.model.encoding == "cross" and self.model.objective == "cosine":
            raise UserError(
                "model.objective: expected cosine with model.encoding bi, which has two embeddings, got cross"
            )
        if self.data.corpus == "stories" and self.model.objective in CLASSIFICATION:
            raise UserError(
                f"model.objective: expected a loss of regression for rated stories, got {self.model.objective}"
            )

    @property
    def variant(self) -> str:
        """<encoding>-<objective>, and the corpus where it is not EPITOME"""
        corpus = "" if self.data.corpus == "epitome" else f"-{self.data.corpus}"
        return f"{self.model.encoding}-{self.model.objective}{corpus}"


class Cell(PeerCell):
    """One seed of a rater of text pairs."""

    network: ClassVar[ModuleType] = peers.text_pairs
    outputs: ClassVar[tuple[str, ...]] = ("logits", "score")
    labels: ClassVar[tuple[str, ...]] = ()
    directions: ClassVar[dict[str, str]] = {
        "accuracy": "max", "macro_f1": "max", "weighted_f1": "max",
        "mse": "min", "mae": "min", "pearson": "max", "spearman": "max",
    }  # fmt: skip
    about = "Rates how empathic a response post is towards a seeker's post."
    settings: Settings

    @classmethod
    def read(cls, settings: Settings) -> pd.DataFrame:
        """id, group, first, second, level (0 to 3), target (0 to 1)."""
        if settings.data.corpus == "stories":
            pairs = read_story_pairs(settings.data.path)
            # A story may be in several pairs: pairs are split, stories are not, as in the source.
            return pairs.assign(id=pairs.index.astype(str), group=pairs.index.astype(str), level=0)
        pairs = read_epitome(settings.data.path, read_exclude_ids(settings.data.exclude_ids, "epitome"))
        levels = pairs[list(MECHANISMS)].sum(axis=1)
        return pd.DataFrame(
            {
                "id": pairs["sp_id"] + "_" + pairs["rp_id"],
                "group": pairs["sp_id"],
                "first": pairs["seeker_post"],
                "second": pairs["response_post"],
                "level": levels.clip(upper=CLASSES - 1),
                "target": levels / HIGHEST_SUM,
            }
        )

    def split(self, frame: pd.DataFrame) -> list[str]:
        """Another cut for each seed; answers to one post stay together."""
        return self.settings.data.split(frame["group"].tolist(), self.seed)

    def build_model(self) -> EncoderModel:
        """The rater on the pretrained encoder."""
        encoder, model = self.settings.encoder, self.settings.model
        return peers.text_pairs.Model.from_encoder(
            encoder.name_or_path,
            **encoder.of_network(),
            encoding=model.encoding,
            objective=model.objective,
            head_dropout=model.head_dropout,
            num_levels=CLASSES,
            first_score=float(self.frames["train"]["target"].mean()),
        )

    def rows(self, frame: pd.DataFrame, model: EncoderModel) -> list[PeerRow]:
        """Rows of the network's own views."""
        assert self.tokenizer is not None and isinstance(model, peers.text_pairs.Model)
        labels: dict[str, Any] = {"level": frame["level"].tolist(), "target": frame["target"].astype(float).tolist()}
        return pair_rows(
            frame["first"].tolist(),
            frame["second"].tolist(),
            model.views,
            self.tokenizer,
            model.config.view_length,
            labels,
        )

    @classmethod
    def empathy(cls, output: Any, variant: str) -> torch.Tensor:
        """Expected class of a classification, 0 to 3, or the score of a regression: (batch,)."""
        if output.logits is None:
            return output.score.float()
        chances = output.logits.float().softmax(dim=-1)
        return chances @ torch.arange(chances.shape[-1], dtype=torch.float32, device=chances.device)

    @classmethod
    def empathic_from(cls, variant: str) -> float | None:
        """An expected class that is nearer to 1 than to 0; a regression names no bound."""
        return 0.5 if variant.split("-")[1] in CLASSIFICATION else None

    def figures(self, found: Outputs, frame: pd.DataFrame) -> dict[str, float | None]:
        """Of a classification accuracy and F1, over classes alike and by their frequency; of a regression four."""
        if "logits" in found.outputs:
            predicted, true = np.stack(found.outputs["logits"]).argmax(axis=1), frame["level"].to_numpy()
            return {
                "accuracy": float(accuracy_score(true, predicted)),
                "macro_f1": float(f1_score(true, predicted, average="macro", zero_division=0.0)),
                "weighted_f1": float(f1_score(true, predicted, average="weighted", zero_division=0.0)),
            }
        score, target = np.stack(found.outputs["score"]), frame["target"].to_numpy()
        measured = {"mse": mse, "mae": mae, "pearson": pearson, "spearman": spearman}
        return {name: metric(score, target) for name, metric in measured.items()}

    def predictions(self, found: Outputs, frame: pd.DataFrame) -> pd.DataFrame:
        """id, level, target, and the logits or the score."""
        return frame[["id", "level", "target"]].assign(
            **{name: pd.Series(values, dtype=object) for name, values in found.outputs.items()}
        )
