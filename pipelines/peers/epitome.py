"""The EPITOME model (Sharma et al. 2020): level and rationale of one mechanism, by two encoders."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd
import torch

import peers.epitome
from modeling.base import EncoderModel
from modeling.views import CONTEXT, RESPONSE
from pipelines.data.encoding import encode_texts
from pipelines.data.rationales import rationale_mask
from pipelines.evaluation.predict import Outputs
from pipelines.peers.cell import PeerCell
from pipelines.peers.configuration import PeerSettings, fine_tuning
from pipelines.peers.mechanism import (
    DIRECTIONS,
    EMPATHIC_FROM,
    MechanismData,
    mechanism_figures,
    read_mechanism,
)
from pipelines.peers.rows import NOT_SCORED, Label, PeerRow
from pipelines.training.configuration import StageSettings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


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

    data: MechanismData
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
    directions: ClassVar[dict[str, str]] = DIRECTIONS
    about = "Says how strongly a response post shows a mechanism of empathy (0 none, 1 weak, 2 strong), and where."
    settings: Settings

    @classmethod
    def read(cls, settings: Settings) -> pd.DataFrame:
        """id, group, seeker_post, response_post, level, rationales."""
        return read_mechanism(settings.data)

    def split(self, frame: pd.DataFrame) -> list[str]:
        """Another cut for each seed; answers to one post stay together."""
        return self.settings.data.split(frame["group"].tolist(), self.seed)

    def build_model(self) -> EncoderModel:
        """Both encoders start from the pretrained one."""
        encoder, model = self.settings.encoder, self.settings.model
        return peers.epitome.Model.from_encoder(
            encoder.name_or_path,
            **encoder.of_network(),
            lambda_ei=model.lambda_ei,
            lambda_re=model.lambda_re,
            head_dropout=model.head_dropout,
        )

    def rows(self, frame: pd.DataFrame, model: EncoderModel) -> list[PeerRow]:
        """Seeker post and response post as two views, with the level and the rationale's tokens."""
        assert self.tokenizer is not None
        length = model.config.view_length
        posts = _encode(frame["seeker_post"].tolist(), frame["response_post"].tolist(), self.tokenizer, length)
        columns = zip(posts, frame["response_post"], frame["rationales"], frame["level"], strict=True)
        rows = []
        for post, text, rationales, level in columns:
            mask = rationale_mask(text, rationales, post.offsets)
            scored = [NOT_SCORED if is_special else one for is_special, one in zip(post.special, mask, strict=True)]
            labels: dict[str, Label] = {
                "level": int(level),
                "rationale": [NOT_SCORED] * len(post.seeker) + scored,
            }
            rows.append(PeerRow(*post.row(), labels))
        return rows

    @classmethod
    def pairs(
        cls,
        contexts: Sequence[str],
        responses: Sequence[str],
        model: EncoderModel,
        tokenizer: "PreTrainedTokenizerBase",
    ) -> list[PeerRow]:
        """A context in the place of the seeker post; cut as the posts are."""
        return [PeerRow(*post.row()) for post in _encode(contexts, responses, tokenizer, model.config.view_length)]

    @classmethod
    def empathy(cls, output: Any, variant: str) -> torch.Tensor:
        """Expected level of the mechanism (batch,), 0 to 2."""
        chances = output.level_logits.float().softmax(dim=-1)
        return chances @ torch.arange(chances.shape[-1], dtype=torch.float32, device=chances.device)

    @classmethod
    def empathic_from(cls, variant: str) -> float:
        """An expected level that is nearer to weak than to none."""
        return EMPATHIC_FROM

    def figures(self, found: Outputs, frame: pd.DataFrame) -> dict[str, float | None]:
        """Of the level accuracy and macro-F1; of the rationale T-F1 and IOU-F1, of all pairs and of those with one."""
        predicted = np.stack(found.outputs["level_logits"]).argmax(axis=1)
        return mechanism_figures(predicted, frame["level"].to_numpy(), self._masks(found))

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


class _Posts(NamedTuple):
    """Token ids of a seeker post and a response post; of the response's tokens characters and whether special."""

    seeker: list[int]
    response: list[int]
    offsets: list[tuple[int, int]]
    special: list[int]

    def row(self) -> tuple[list[int], list[int]]:
        """input_ids and view_ids."""
        return self.seeker + self.response, [CONTEXT] * len(self.seeker) + [RESPONSE] * len(self.response)


def _encode(
    seekers: Sequence[str], responses: Sequence[str], tokenizer: "PreTrainedTokenizerBase", length: int
) -> list[_Posts]:
    """A long seeker post keeps its end, a long response its beginning, where rationales are."""
    first = encode_texts([*seekers], tokenizer, length)
    tokenizer.truncation_side = "right"
    second = tokenizer(
        [*responses],
        truncation=True,
        max_length=length,
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
    )
    columns = (second["input_ids"], second["offset_mapping"], second["special_tokens_mask"])
    return [_Posts(*post) for post in zip(first, *columns, strict=True)]
