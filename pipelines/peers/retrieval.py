"""The retrieval bi-encoder of Rashkin et al. 2019 (arXiv:1811.00207), on dialogues of frequent emotion pairs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import pandas as pd
import torch
from accelerate import Accelerator
from torch import nn

import peers.retrieval
from modeling.base import EncoderModel
from modeling.views import CONTEXT, RESPONSE
from peers.retrieval.model import RetrievalOutput
from peers.retrieval.similarity import similarities
from pipelines.conversations.retrieval_metrics import (
    Retrieved,
    average_bleu,
    draw_candidates,
    p_at_1_100,
)
from pipelines.conversations.training_dialogues import TAGGED, SelectionName, TrainingDialogues
from pipelines.data.empatheticdialogues import NAME, read_empatheticdialogues
from pipelines.data.encoding import encode_views
from pipelines.data.exclude import read_exclude_ids
from pipelines.data.prepare import limit_dialogues
from pipelines.errors import UserError
from pipelines.evaluation.predict import Outputs, gather_outputs
from pipelines.peers.cell import EVALUATED, PeerCell
from pipelines.peers.configuration import PeerSettings
from pipelines.peers.rows import PeerRow
from pipelines.training.configuration import StageSettings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

CANDIDATES_SEED = 17  # of the other 99, so that every cell is asked the same


@dataclass
class RetrievalData:
    """EmpatheticDialogues, in its own splits.

    Args:
        path: folder or archive of the corpus, or hub.
        exclude_ids: file of ids that are left out of every split; auto for data/reserved_ids.json, where there is one.
        labels: a labels folder of empathy label, whose GoEmotions rater tags the utterances; needed for pairs_* and
            random_43.
        selection: the dialogues to train on: as_is; cleaned, without damaged and repeated ones; of these pairs_87,
            pairs_57 and pairs_43, about that share in percent, whose every exchange is a frequent pair of emotions; or
            random_43, as many as pairs_43 drawn at random.
        max_dialogues: cut the training split, before the selection, to this many, chosen by a hash of their ids; none
            for all.
        max_evaluated_dialogues: the same for the validation and the test split, each.
    """

    path: str
    exclude_ids: str | None = None
    labels: str | None = None
    selection: SelectionName = "as_is"
    max_dialogues: int | None = None
    max_evaluated_dialogues: int | None = None

    def __post_init__(self) -> None:
        if self.selection in TAGGED and self.labels is None:
            raise UserError(
                f"data.labels: expected a labels folder for data.selection {self.selection}, got none; make one: "
                "empathy label configs/labels.yaml"
            )
        for key in ("max_dialogues", "max_evaluated_dialogues"):
            limit = getattr(self, key)
            if limit is not None and limit < 1:
                raise UserError(f"data.{key}: expected at least 1, or null, got {limit}")


@dataclass
class RetrievalModelSettings:
    """How a context and a response are compared.

    Args:
        similarity: dot product of the pooled vectors, their cosine, or the cosine after attention of the response over
            the context's tokens.
        cosine_temperature: what cosines are divided by in the loss.
    """

    similarity: Literal["dot", "cosine", "attention"] = "cosine"
    cosine_temperature: float = 0.05

    def __post_init__(self) -> None:
        if not self.cosine_temperature > 0:
            raise UserError(f"model.cosine_temperature: expected more than 0, got {self.cosine_temperature}")


def _three_epochs() -> list[StageSettings]:
    return [StageSettings("retrieval", epochs=3, batch_size=128, learning_rate=1e-4)]


@dataclass(kw_only=True)
class Settings(PeerSettings):
    """The retrieval bi-encoder, trained once for each seed.

    Args:
        data: the dialogues.
        model: how a context and a response are compared.
    """

    data: RetrievalData
    model: RetrievalModelSettings = field(default_factory=RetrievalModelSettings)
    stages: list[StageSettings] = field(default_factory=_three_epochs)

    @property
    def variant(self) -> str:
        """<selection>, and -dot or -attention where similarity is not cosine"""
        return self.data.selection + ("" if self.model.similarity == "cosine" else f"-{self.model.similarity}")


def _of_one(context: np.ndarray, responses: np.ndarray) -> np.ndarray:
    """How close m responses (m, hidden) are to one context, (hidden,) or (tokens, hidden): (m,)."""
    return similarities(torch.from_numpy(context)[None], torch.from_numpy(responses))[0].numpy()


class Responses(nn.Module):
    """The network as an encoder of responses alone: `response` (batch, hidden) of rows that hold nothing else."""

    def __init__(self, model: peers.retrieval.Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Mapping[str, torch.Tensor]) -> RetrievalOutput:
        response = self.model.encode_view(batch["input_ids"], batch["view_ids"], RESPONSE)
        return RetrievalOutput(loss=response.new_zeros(()), response=response)  # nothing to lose: none has a context


class Cell(PeerCell):
    """One seed of the retrieval bi-encoder."""

    network: ClassVar[ModuleType] = peers.retrieval
    outputs: ClassVar[tuple[str, ...]] = ("context", "response")
    labels: ClassVar[tuple[str, ...]] = ()
    # Of the figures of every validation; BLEU needs all of the training split's responses.
    directions: ClassVar[dict[str, str]] = {"p_at_1_100": "max", "mrr": "max", "bleu": "max"}
    extra_metrics: ClassVar[tuple[str, ...]] = ("bleu",)
    # The candidates of a test come from anywhere in their dialogues: so do those of a training batch.
    similar_lengths: ClassVar[bool] = False
    about = "Finds the response to a dialogue among candidates: the one closest to its context."
    settings: Settings

    @classmethod
    def read(cls, settings: Settings) -> pd.DataFrame:
        """id, conv_id, split, dialogue_context, response: a row a listener turn."""
        data = settings.data
        corpus = read_empatheticdialogues(data.path, read_exclude_ids(data.exclude_ids, NAME), strict=False)
        examples = {
            split: limit_dialogues(
                corpus.examples[split], data.max_evaluated_dialogues if split in EVALUATED else data.max_dialogues
            )
            for split in corpus.examples
        }
        labels = None if data.labels is None else Path(data.labels)
        chosen = TrainingDialogues(examples["train"]["conv_id"], data.path, labels).choose(data.selection).conv_ids
        columns = ["example_id", "conv_id", "split", "dialogue_context", "response"]
        rows = [row for of_one in examples.values() for row in of_one.select_columns(columns).to_list()]
        frame = pd.DataFrame(rows).rename(columns={"example_id": "id"})
        frame = frame[(frame["split"] != "train") | frame["conv_id"].isin(chosen)].reset_index(drop=True)
        for split in EVALUATED:  # too few candidates are said before anything is trained
            evaluated = frame[frame["split"] == split]
            draw_candidates(evaluated["conv_id"].tolist(), evaluated["response"].tolist(), CANDIDATES_SEED)
        return frame

    def split(self, frame: pd.DataFrame) -> list[str]:
        """The corpus's own, the same for every seed."""
        return frame["split"].tolist()

    def build_model(self) -> EncoderModel:
        """Two encoders from the same pretrained one."""
        encoder, model = self.settings.encoder, self.settings.model
        return peers.retrieval.Model.from_encoder(
            encoder.name_or_path,
            **encoder.of_network(),
            similarity=model.similarity,
            cosine_temperature=model.cosine_temperature,
        )

    def rows(self, frame: pd.DataFrame, model: EncoderModel) -> list[PeerRow]:
        """Context, its oldest tokens cut, and response, its end cut after half a view; dialogues are numbered."""
        encoded = self._encoded(frame.to_dict("records"), (CONTEXT, RESPONSE), model)
        dialogues = pd.factorize(frame["conv_id"])[0].tolist()
        return [
            PeerRow(row.input_ids, row.view_ids, {"dialogue": dialogue})
            for row, dialogue in zip(encoded, dialogues, strict=True)
        ]

    @classmethod
    def pairs(
        cls,
        contexts: Sequence[str],
        responses: Sequence[str],
        model: EncoderModel,
        tokenizer: "PreTrainedTokenizerBase",
    ) -> list[PeerRow]:
        """Cut as the corpus is."""
        examples = [
            {"dialogue_context": [{"text": context}], "response": response}
            for context, response in zip(contexts, responses, strict=True)
        ]
        length = model.config.view_length
        encoded = encode_views(examples, (CONTEXT, RESPONSE), "dialogue_context", tokenizer, length)
        return [PeerRow(row.input_ids, row.view_ids) for row in encoded]

    @classmethod
    def empathy(cls, output: Any, variant: str) -> torch.Tensor:
        """Similarity of context and response: (batch,)."""
        return similarities(output.context.float(), output.response.float()).diagonal()

    def figures(self, found: Outputs, frame: pd.DataFrame) -> dict[str, float | None]:
        """P@1,100 and the mean reciprocal rank of the true response among the same 100."""
        retrieved = self._retrieved(found, frame)
        return {"p_at_1_100": float(retrieved.hits.mean()), "mrr": float((1 / retrieved.ranks).mean())}

    def extra_figures(
        self, model: EncoderModel, found: Mapping[str, Outputs], accelerator: Accelerator
    ) -> dict[str, dict[str, float | None]]:
        """Average BLEU, as a share, of the best response out of those that the cell was trained on."""
        assert isinstance(model, peers.retrieval.Model)
        pool = list(dict.fromkeys(self.frames["train"]["response"]))
        vectors = self._pool_vectors(pool, model, accelerator)
        figures: dict[str, dict[str, float | None]] = {}
        for split, outputs in found.items():
            best = [int(_of_one(context, vectors).argmax()) for context in outputs.outputs["context"]]
            bleu = average_bleu([pool[row] for row in best], self.frames[split]["response"].tolist())
            figures[split] = {"bleu": bleu / 100}
        return figures

    def predictions(self, found: Outputs, frame: pd.DataFrame) -> pd.DataFrame:
        """id; among the 100 whether the true response was retrieved, whose was, and the true one's rank."""
        retrieved = self._retrieved(found, frame)
        return frame[["id"]].assign(
            hit=retrieved.hits, retrieved_id=frame["id"].to_numpy()[retrieved.rows], rank=retrieved.ranks
        )

    def _retrieved(self, found: Outputs, frame: pd.DataFrame) -> Retrieved:
        candidates = draw_candidates(frame["conv_id"].tolist(), frame["response"].tolist(), CANDIDATES_SEED)
        responses = np.stack(found.outputs["response"]).astype(np.float64)
        contexts = zip(found.outputs["context"], candidates, strict=True)
        scores = [_of_one(context.astype(np.float64), responses[rows]) for context, rows in contexts]
        return p_at_1_100(np.stack(scores), candidates)

    def _pool_vectors(self, pool: list[str], model: peers.retrieval.Model, accelerator: Accelerator) -> np.ndarray:
        texts = [{"response": text, "dialogue_context": []} for text in pool]
        rows = [PeerRow(row.input_ids, row.view_ids) for row in self._encoded(texts, (RESPONSE,), model)]
        module = accelerator.prepare_model(Responses(model), evaluation_mode=True)
        found = gather_outputs(module, rows, self._collate(), accelerator, ("response",), ())
        accelerator.unwrap_model(module, keep_fp32_wrapper=False)
        return np.stack(found.outputs["response"])

    def _encoded(self, examples: Iterable[Any], views: tuple[int, ...], model: EncoderModel) -> list[Any]:
        assert self.tokenizer is not None
        return encode_views(examples, views, "dialogue_context", self.tokenizer, model.config.view_length)
