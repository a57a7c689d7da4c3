"""The EPITOME model (Sharma et al. 2020): level and rationale of one mechanism, by two encoders."""

from dataclasses import dataclass, field
from types import ModuleType
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score

import peers.epitome
from modeling.base import EncoderModel
from modeling.encoder import CONTEXT, RESPONSE
from pipelines.data.encoding import encode_texts
from pipelines.data.exclude import read_exclude_ids
from pipelines.data.random_splits import random_splits
from pipelines.data.rationales import rationale_mask, read_rationales
from pipelines.evaluation.predict import Outputs
from pipelines.evaluation.rationale_metrics import OVER, rationale_metrics
from pipelines.peers.cell import PeerCell
from pipelines.peers.configuration import PeerSettings, SplitDataSettings, fine_tuning
from pipelines.peers.rows import NOT_SCORED, Label, PeerRow
from pipelines.training.configuration import StageSettings

RATIONALE_METRICS = ("token_f1", "iou_f1")


@dataclass
class EpitomeData(SplitDataSettings):
    """EPITOME's pairs.

    Args:
        mechanism: er emotional reactions, ip interpretations, ex explorations.
    """

    mechanism: Literal["er", "ip", "ex"] = "er"


@dataclass
class EpitomeModelSettings:
    """The network.

    Args:
        lambda_ei: weight of the level's loss.
        lambda_re: weight of the rationale's loss.
        head_dropout: probability, in both heads.
    """

    lambda_ei: float = 1.0
    lambda_re: float = 0.5
    head_dropout: float = 0.1


@dataclass(kw_only=True)
class Settings(PeerSettings):
    """The EPITOME model of one mechanism, trained once for each seed.

    Args:
        data: the pairs.
        model: the network.
    """

    data: EpitomeData
    model: EpitomeModelSettings = field(default_factory=EpitomeModelSettings)
    stages: list[StageSettings] = field(default_factory=lambda: fine_tuning("multitask"))

    @property
    def variant(self) -> str:
        """<mechanism>"""
        return self.data.mechanism


class Cell(PeerCell):
    """One seed of the EPITOME model."""

    network: ClassVar[ModuleType] = peers.epitome
    outputs: ClassVar[tuple[str, ...]] = ("level_logits", "rationale_logits")
    labels: ClassVar[tuple[str, ...]] = ("level", "rationale")
    directions: ClassVar[dict[str, str]] = dict.fromkeys(
        ["accuracy", "macro_f1", *(f"{metric}_{over}" for over in OVER for metric in RATIONALE_METRICS)], "max"
    )
    about = "Says how strongly a response post shows a mechanism of empathy (0 none, 1 weak, 2 strong), and where."
    settings: Settings

    @classmethod
    def read(cls, settings: Settings) -> pd.DataFrame:
        """id, group, seeker_post, response_post, level, rationales."""
        excluded = read_exclude_ids(settings.data.exclude_ids, "epitome")
        pairs = read_rationales(settings.data.path, settings.data.mechanism, excluded)
        return pairs.assign(id=pairs["sp_id"] + "_" + pairs["rp_id"], group=pairs["sp_id"])

    def split(self, frame: pd.DataFrame) -> list[str]:
        """Another cut for each seed; answers to one post stay together."""
        first, second, third = self.settings.data.shares
        return random_splits(frame["group"].tolist(), (first, second, third), self.seed)

    def build_model(self) -> EncoderModel:
        """Both encoders start from the pretrained one."""
        encoder, model = self.settings.encoder, self.settings.model
        return peers.epitome.Model.from_encoder(
            encoder.name_or_path,
            pooling=encoder.pooling,
            adapter_rank=encoder.adapter_rank,
            view_length=encoder.view_length,
            lambda_ei=model.lambda_ei,
            lambda_re=model.lambda_re,
            head_dropout=model.head_dropout,
        )

    def rows(self, frame: pd.DataFrame, model: EncoderModel) -> list[PeerRow]:
        """Seeker post and response post as two views; a long response keeps its beginning, where rationales are."""
        assert self.tokenizer is not None
        length = model.config.view_length
        seekers = encode_texts(frame["seeker_post"].tolist(), self.tokenizer, length)
        self.tokenizer.truncation_side = "right"
        responses = self.tokenizer(
            frame["response_post"].tolist(),
            truncation=True,
            max_length=length,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
        )
        rows = []
        for place, (seeker, response, offsets, special) in enumerate(
            zip(
                seekers,
                responses["input_ids"],
                responses["offset_mapping"],
                responses["special_tokens_mask"],
                strict=True,
            )
        ):
            row = frame.iloc[place]
            mask = rationale_mask(row["response_post"], row["rationales"], offsets)
            scored = [NOT_SCORED if is_special else inside for is_special, inside in zip(special, mask, strict=True)]
            labels: dict[str, Label] = {"level": int(row["level"]), "rationale": [NOT_SCORED] * len(seeker) + scored}
            rows.append(PeerRow(seeker + response, [CONTEXT] * len(seeker) + [RESPONSE] * len(response), labels))
        return rows

    def figures(self, found: Outputs, frame: pd.DataFrame) -> dict[str, float | None]:
        """Of the level accuracy and macro-F1; of the rationale T-F1 and IOU-F1, of all pairs and of those with one."""
        predicted, true = np.stack(found.outputs["level_logits"]).argmax(axis=1), frame["level"].to_numpy()
        scores: dict[str, float | None] = {
            "accuracy": float(accuracy_score(true, predicted)),
            "macro_f1": float(f1_score(true, predicted, average="macro", zero_division=0.0)),
        }
        masks = self._masks(found)
        for over in OVER:
            measured = rationale_metrics([mask for mask, _ in masks], [gold for _, gold in masks], over)
            scores |= {f"{metric}_{over}": measured[metric] for metric in RATIONALE_METRICS}
        return scores

    def predictions(self, found: Outputs, frame: pd.DataFrame) -> pd.DataFrame:
        """id, level, level_logits, and the response's tokens in the rationale, annotated and predicted."""
        masks = self._masks(found)
        return frame[["id", "level"]].assign(
            level_logits=pd.Series(found.outputs["level_logits"], dtype=object),
            rationale=pd.Series([gold for _, gold in masks], dtype=object),
            rationale_pred=pd.Series([mask for mask, _ in masks], dtype=object),
        )

    def _masks(self, found: Outputs) -> list[tuple[list[int], list[int]]]:
        """For each pair, its response's own tokens: 1 in the rationale, predicted and annotated."""
        pairs = []
        for logits, gold in zip(found.outputs["rationale_logits"], found.labels["rationale"], strict=True):
            scored = gold != NOT_SCORED
            pairs.append((logits.argmax(axis=-1)[scored].tolist(), gold[scored].tolist()))
        return pairs
