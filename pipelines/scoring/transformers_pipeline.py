"""The scorer as a transformers `Pipeline`, for programs that are built on them.

from pipelines.scoring.transformers_pipeline import empathy_pipeline

score = empathy_pipeline()
score({"context": "I lost my job.", "response": "Oh no, I am sorry."})
"""

from dataclasses import replace
from typing import Any

from transformers import Pipeline
from transformers.utils import ModelOutput

from modeling.encoder import load_tokenizer
from pipelines.scoring.checkpoint import read_model
from pipelines.scoring.reader import pair_row
from pipelines.scoring.results import Score
from pipelines.scoring.scorer import EmpathyScorer
from pipelines.scoring.turns import context_turns, response_text

TASK = "empathy-scoring"


class EmpathyPipeline(Pipeline):
    """Takes {"context", "response"} or lists of them, gives the plain values of a `Score` for each.

    The network and the tokenizer are those of transformers, in fp32; a scorer by itself is faster.
    """

    def __init__(self, scorer: EmpathyScorer, **kwargs: Any) -> None:
        checkpoint = scorer.checkpoint
        tokenizer: Any = load_tokenizer(checkpoint.described["encoder"]["name_or_path"])
        network: Any = read_model(checkpoint.folder)
        super().__init__(model=network, tokenizer=tokenizer, task=TASK, **kwargs)
        self.scorer = EmpathyScorer(replace(checkpoint, network=network, tokenizer=tokenizer))

    def _sanitize_parameters(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        return {}, {}, {}

    def preprocess(self, input_: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Raises UserError where the pair is none."""
        return {"row": pair_row(context_turns(input_["context"]), response_text(input_["response"]))}

    def _forward(self, input_tensors: dict[str, Any], **_: Any) -> ModelOutput:
        return ModelOutput(score=self.scorer.score_rows([input_tensors["row"]])[0])

    def postprocess(self, model_outputs: ModelOutput, **_: Any) -> dict[str, Any]:
        """Plain values."""
        score: Score = model_outputs["score"]
        return score.to_dict()


def empathy_pipeline(folder: str | None = None) -> EmpathyPipeline:
    """The pipeline of a release, by default the one that is installed. Raises UserError as the scorer does."""
    return EmpathyPipeline(EmpathyScorer.from_pretrained(folder))
