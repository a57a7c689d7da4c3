"""CLSN (Jiang et al. 2023) and its baselines: direction of empathy, with the intent of the sentence as a second task.

The intents that experts gave the corpus were never published. Here a rater gives them, one trained by `empathy label`
on published texts of listeners: they are silver labels, of another domain, and no figure on them is the paper's.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import accuracy_score, f1_score

import peers.clsn
import peers.clsn_baselines
from modeling.base import EncoderModel
from modeling.views import FULL_DIALOGUE
from pipelines.atomic import write_array
from pipelines.data.empathetic_intents import INTENTS
from pipelines.data.encoding import encode_texts
from pipelines.data.iempathize import DIRECTIONS, binary, read_iempathize
from pipelines.errors import UserError
from pipelines.evaluation.predict import Outputs
from pipelines.labels.functions.intents import INTENT_FUNCTION, intent_probabilities, intent_rater
from pipelines.labels.raters import labels_rater
from pipelines.peers.cell import PeerCell
from pipelines.peers.configuration import PeerSettings, SplitDataSettings
from pipelines.peers.rows import PeerRow
from pipelines.training.configuration import StageSettings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

CLSN = "clsn"
SINGLE_TASK = "single_task"
MULTI = "multi"
PROVIDE = "provide"


@dataclass(kw_only=True)
class ClsnData(SplitDataSettings):
    """IEMPATHIZE's sentences, with silver intents.

    Args:
        setting: multi has the three directions (none, seeking, providing), seek and provide one against the rest.
        labels: labels folder of `empathy label` (for example labels/hybrid) whose intent rater gives the intents.
    """

    setting: Literal["multi", "seek", "provide"] = "multi"
    labels: str
    shares: list[float] = field(default_factory=lambda: [0.6, 0.2, 0.2])

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.exclude_ids is not None:
            raise UserError(
                f"data.exclude_ids: expected none, since IEMPATHIZE has no ids, got {self.exclude_ids!r}; leave it out"
            )


@dataclass
class ClsnModelSettings:
    """The network.

    Args:
        system: clsn, or a baseline: single_task (the direction alone), joint, joint_id_sf, dcr_net, co_gat.
        intent_weight: weight of the intent's loss; without meaning for single_task.
        cascaded_attention: of clsn, false leaves out that the tasks' states attend over each other.
        label_signal: of clsn, false leaves out that the tasks' predictions are handed to the states of both.
        loss: of clsn, focal or cross_entropy; the baselines have cross-entropy.
        eta: of clsn, the focal loss' focusing parameter.
    """

    system: Literal["clsn", "single_task", "joint", "joint_id_sf", "dcr_net", "co_gat"] = "clsn"
    intent_weight: float = 1.0
    cascaded_attention: bool = True
    label_signal: bool = True
    loss: Literal["focal", "cross_entropy"] = "focal"
    eta: float = 5.0

    def __post_init__(self) -> None:
        own = ("cascaded_attention", "label_signal", "loss", "eta")
        changed = [name for name in own if getattr(self, name) != getattr(ClsnModelSettings, name)]
        if self.system != CLSN and changed:
            raise UserError(
                f"model.{changed[0]}: expected the default for the baseline {self.system}, which has no such part, "
                f"got {getattr(self, changed[0])!r}; leave it out, or set model.system to clsn"
            )


@dataclass(kw_only=True)
class Settings(PeerSettings):
    """CLSN, an ablation of it or a baseline, trained once for each seed.

    Args:
        data: the sentences.
        model: the network.
    """

    data: ClsnData
    model: ClsnModelSettings = field(default_factory=ClsnModelSettings)
    stages: list[StageSettings] = field(
        default_factory=lambda: [StageSettings("joint", epochs=8, learning_rate=1e-4, head_learning_rate=1e-3)]
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        missing = {"f1": self.data.setting == MULTI, "intent_accuracy": self.model.system == SINGLE_TASK}
        for stage in self.stages:
            if missing.get(str(stage.select_on)):
                raise UserError(
                    f"stages: expected a select_on that is measured, {stage.select_on} is not for "
                    f"{self.model.system} in the setting {self.data.setting}; choose accuracy, weighted_f1 or macro_f1"
                )

    @property
    def variant(self) -> str:
        """<system>[_no_cascade][_no_signal][_cross_entropy or _eta<eta>]-<setting>"""
        left_out = {
            "_no_cascade": not self.model.cascaded_attention,
            "_no_signal": not self.model.label_signal,
            "_cross_entropy": self.model.loss == "cross_entropy",
            f"_eta{self.model.eta:g}": self.model.loss == "focal" and self.model.eta != ClsnModelSettings.eta,
        }
        ablation = "".join(name for name, holds in left_out.items() if holds)
        return f"{self.model.system}{ablation}-{self.data.setting}"


def class_names(setting: str) -> tuple[str, ...]:
    """Names of the directions in a setting, in the order of their classes."""
    return DIRECTIONS if setting == MULTI else ("rest", setting)


def network_of(system: str) -> ModuleType:
    """The folder in peers/ of a system."""
    return peers.clsn if system == CLSN else peers.clsn_baselines


def silver_intents(labels: Path, texts: list[str]) -> np.ndarray:
    """The likeliest intent of each text, a place in INTENTS, (texts,), from the intent rater of a labels folder.

    They are kept beside the rater, by a hash of the texts: no later run can differ in one by a rounding. Raises
    UserError where the labels folder has no such rater.
    """
    settings, folder = labels_rater(labels, INTENT_FUNCTION.name)
    file = folder / f"classes-{_hash(json.dumps(texts))}.npy"
    if not file.is_file():
        rater = intent_rater(settings, folder)
        write_array(file, intent_probabilities(rater, settings.encoder, texts).argmax(axis=1))
    return np.load(file, allow_pickle=False)


class Cell(PeerCell):
    """One seed of CLSN, of an ablation or of a baseline."""

    outputs: ClassVar[tuple[str, ...]] = ("direction_logits", "intent_logits", "pooled")
    labels: ClassVar[tuple[str, ...]] = ()
    directions: ClassVar[dict[str, str]] = dict.fromkeys(
        ("accuracy", "weighted_f1", "macro_f1", "f1", "intent_accuracy"), "max"
    )
    about = (
        "Says whether a sentence of a cancer survivors' forum seeks or provides empathy. The intents of its second "
        "task are silver labels of a rater, since the experts' were never published."
    )
    settings: Settings

    @property
    def network(self) -> ModuleType:
        """The network's folder."""
        return network_of(self.settings.model.system)

    @classmethod
    def read(cls, settings: Settings) -> pd.DataFrame:
        """id (of the text's hash), text, direction (class), intent (silver class)."""
        sentences = read_iempathize(settings.data.path)
        if settings.data.setting != MULTI:
            sentences = binary(sentences, settings.data.setting)
        texts = sentences["text"].tolist()
        return pd.DataFrame(
            {
                "id": [_hash(text) for text in texts],
                "text": texts,
                "direction": sentences["label"].tolist(),
                "intent": silver_intents(Path(settings.data.labels), texts),
            }
        )

    def split(self, frame: pd.DataFrame) -> list[str]:
        """Another cut for each seed, the same for all systems and settings."""
        return self.settings.data.split(frame["id"].tolist(), self.seed)

    def build_model(self) -> EncoderModel:
        """The network on the pretrained encoder."""
        encoder, model = self.settings.encoder, self.settings.model
        if model.system == CLSN:
            own: dict[str, Any] = {
                "cascaded_attention": model.cascaded_attention,
                "label_signal": model.label_signal,
                "loss": model.loss,
                "eta": model.eta,
            }
        else:
            own = {"kind": model.system}
        return self.network.Model.from_encoder(
            encoder.name_or_path,
            **encoder.of_network(),
            num_directions=len(class_names(self.settings.data.setting)),
            num_intents=len(INTENTS),
            intent_weight=model.intent_weight,
            **own,
        )

    def rows(self, frame: pd.DataFrame, model: EncoderModel) -> list[PeerRow]:
        """Each sentence as one view."""
        assert self.tokenizer is not None
        encoded = encode_texts(frame["text"].tolist(), self.tokenizer, model.config.view_length)
        return [
            PeerRow(ids, [FULL_DIALOGUE] * len(ids), {"direction": int(direction), "intent": int(intent)})
            for ids, direction, intent in zip(encoded, frame["direction"], frame["intent"], strict=True)
        ]

    @classmethod
    def pairs(
        cls,
        contexts: Sequence[str],
        responses: Sequence[str],
        model: EncoderModel,
        tokenizer: "PreTrainedTokenizerBase",
    ) -> list[PeerRow]:
        """The responses alone, as the sentences of the corpus are read."""
        encoded = encode_texts([*responses], tokenizer, model.config.view_length)
        return [PeerRow(ids, [FULL_DIALOGUE] * len(ids)) for ids in encoded]

    @classmethod
    def empathy(cls, output: Any, variant: str) -> torch.Tensor:
        """Probability that the response provides empathy: (batch,). Raises UserError where seeking was learnt alone."""
        names = class_names(variant.rpartition("-")[2])
        if PROVIDE not in names:
            raise UserError(f"expected a run that tells what provides empathy, {variant} does not; choose another")
        return output["direction_logits"].float().softmax(dim=-1)[:, names.index(PROVIDE)]

    def figures(self, found: Outputs, frame: pd.DataFrame) -> dict[str, float | None]:
        """Of the direction accuracy and F1, by the classes' frequency, over classes alike and, in a binary setting, of
        the direction itself (the paper does not say which F1 it prints); accuracy of the intent against the silver one.
        """
        true, predicted = frame["direction"].to_numpy(), _classes(found, "direction_logits")
        scores: dict[str, float | None] = {
            "accuracy": float(accuracy_score(true, predicted)),
            "weighted_f1": float(f1_score(true, predicted, average="weighted", zero_division=0.0)),
            "macro_f1": float(f1_score(true, predicted, average="macro", zero_division=0.0)),
        }
        if self.settings.data.setting != MULTI:
            scores["f1"] = float(f1_score(true, predicted, zero_division=0.0))
        scores["intent_accuracy"] = None
        if "intent_logits" in found.outputs:
            scores["intent_accuracy"] = float(accuracy_score(frame["intent"], _classes(found, "intent_logits")))
        return scores

    def predictions(self, found: Outputs, frame: pd.DataFrame) -> pd.DataFrame:
        """id, direction, intent (silver), direction_logits, intent_logits (but of single_task), pooled."""
        return frame[["id", "direction", "intent"]].assign(
            **{name: pd.Series(values, dtype=object) for name, values in found.outputs.items()}
        )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _classes(found: Outputs, name: str) -> np.ndarray:
    return np.stack(found.outputs[name]).argmax(axis=1)
