"""The scorer as a transformers `Pipeline`, for programs that are built on them.

from pipelines.scoring.transformers_pipeline import empathy_pipeline

score = empathy_pipeline()
score({"context": "I lost my job.", "response": "Oh no, I am sorry."})

Once this module is imported, `transformers.pipeline("empathy-scoring")` makes the same.
"""

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import Pipeline
from transformers.pipelines import PIPELINE_REGISTRY
from transformers.utils import ModelOutput

from modeling.encoder import load_tokenizer
from mvc.model import MVCModel
from pipelines.errors import UserError
from pipelines.scoring.checkpoint import RELEASED, read_checkpoint, read_model
from pipelines.scoring.pairs import given_pair
from pipelines.scoring.reader import pair_row
from pipelines.scoring.results import Score
from pipelines.scoring.scorer import EmpathyScorer

TASK = "empathy-scoring"
# What `transformers.pipeline` hands on of its own, which says nothing about a folder.
OF_THE_HUB = ("revision", "token", "trust_remote_code", "local_files_only", "code_revision", "_from_pipeline")


class EmpathyPipeline(Pipeline):
    """Takes {"context", "response"} or many of them, gives the plain values of a `Score` for each.

    Many: a list, which gives a list, or a generator or a `datasets.Dataset`, which give an iterator. The network and
    the tokenizer are those of transformers; a scorer by itself is faster on a CPU.
    """

    _load_processor = _load_image_processor = _load_video_processor = _load_feature_extractor = _load_tokenizer = False  # type: ignore[assignment]

    def __init__(self, model: MVCModel, **kwargs: Any) -> None:
        """model: as `read_model` gives it. kwargs: of a `Pipeline`, such as device, batch_size. Raises UserError where
        the model is not that of a release.
        """
        if not model.name_or_path:
            raise UserError(f"{TASK}: expected the network of a release, got one without a folder; give its folder")
        checkpoint = read_checkpoint(Path(model.name_or_path))
        tokenizer: Any = load_tokenizer(checkpoint.described["encoder"]["name_or_path"])
        network: Any = model
        super().__init__(model=network, tokenizer=tokenizer, **{"task": TASK} | kwargs)
        self._folder = checkpoint.folder.absolute()
        self.scorer = EmpathyScorer(replace(checkpoint, network=network, tokenizer=tokenizer))

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Scores of one pair or of many. Raises UserError where something is none."""
        if isinstance(inputs, list | tuple) and not len(inputs):
            return []
        if isinstance(inputs, tuple) and all(isinstance(one, Mapping) for one in inputs):
            inputs = list(inputs)
        elif isinstance(inputs, Iterable) and not isinstance(inputs, str | bytes | list | tuple | Mapping):
            inputs = (one for one in inputs)
        return super().__call__(inputs, *args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return _read_again, (self._folder, str(self.device), self._batch_size, self._num_workers)

    def save_pretrained(self, save_directory: str | os.PathLike[str], **kwargs: Any) -> None:
        """Write the release that the pipeline was made from; `empathy_pipeline(save_directory)` reads it.

        Raises UserError where the network has been changed since, of which a release is made by `empathy release`.
        """
        folder = self._folder
        state = {name: value.cpu() for name, value in self.model.state_dict().items()}
        if any(not torch.equal(value, state[name]) for name, value in read_model(folder).state_dict().items()):
            raise UserError(
                f"{save_directory}: expected the network of {folder}, it has been changed; a changed network is saved "
                "with pipeline.model.save_pretrained, and a release is made from a run: empathy release"
            )
        if Path(save_directory).absolute() != folder:
            shutil.copytree(folder, save_directory, dirs_exist_ok=True)

    def _sanitize_parameters(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        if kwargs:
            raise UserError(f"{TASK}: expected no other settings than those of a Pipeline, got {', '.join(kwargs)}")
        return {}, {}, {}

    def preprocess(self, input_: Any, **_: Any) -> dict[str, Any]:
        """Raises UserError where the pair is none."""
        return {"row": pair_row(*given_pair(input_, "pair"))}

    def _forward(self, input_tensors: dict[str, Any], **_: Any) -> ModelOutput:
        rows = input_tensors["row"]  # a list of them where there is a batch_size
        scores = self.scorer.score_rows(rows if isinstance(rows, list) else [rows])
        return ModelOutput(score=scores if isinstance(rows, list) else scores[0])

    def postprocess(self, model_outputs: ModelOutput, **_: Any) -> dict[str, Any]:
        """Plain values."""
        score: Score = model_outputs["score"]
        return score.to_dict()


class ReleasedModel(MVCModel):
    """What `transformers.pipeline` reads a release with."""

    @classmethod
    def from_pretrained(cls, folder: Any, *_: Any, dtype: Any = "auto", **kwargs: Any) -> MVCModel:  # type: ignore[override]
        """The network of a release, in fp32 or in `dtype`. Raises UserError where there is none."""
        if unknown := [name for name, value in kwargs.items() if name not in OF_THE_HUB and value is not None]:
            raise UserError(f"{TASK}: expected device and dtype, got {', '.join(unknown)}; leave it out")
        model = read_model(Path(folder))
        return model.to(dtype) if isinstance(dtype, torch.dtype) else model  # type: ignore[arg-type]


PIPELINE_REGISTRY.register_pipeline(
    TASK, EmpathyPipeline, pt_model=ReleasedModel, default={"model": (str(RELEASED), None)}, type="text"
)


def empathy_pipeline(folder: str | os.PathLike[str] | None = None, **kwargs: Any) -> EmpathyPipeline:
    """The pipeline of a release, by default the one that is installed.

    kwargs: of a `Pipeline`, such as device, batch_size. Raises UserError as the scorer does.
    """
    return EmpathyPipeline(read_model(RELEASED if folder is None else Path(folder)), **kwargs)


def _read_again(folder: Path, device: str, batch_size: int | None, num_workers: int | None) -> EmpathyPipeline:
    return empathy_pipeline(folder, device=device, batch_size=batch_size, num_workers=num_workers)
