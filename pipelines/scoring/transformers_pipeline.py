"""The scorer as a transformers `Pipeline`, for programs that are built on them.

from pipelines.scoring.transformers_pipeline import empathy_pipeline

score = empathy_pipeline()
score({"context": "I lost my job.", "response": "Oh no, I am sorry."})
"""

from typing import Any

from transformers import Pipeline

from pipelines.scoring.reader import pair_row
from pipelines.scoring.scorer import EmpathyScorer
from pipelines.scoring.turns import context_turns, response_text

TASK = "empathy-scoring"


class EmpathyPipeline(Pipeline):
    """Takes {"context", "response"} or lists of them, gives the plain values of a `Score` for each."""

    def __init__(self, scorer: EmpathyScorer, **kwargs: Any) -> None:
        super().__init__(model=scorer.checkpoint.model, tokenizer=scorer.checkpoint.tokenizer, task=TASK, **kwargs)
        self.scorer = scorer

    def _sanitize_parameters(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        return {}, {}, {}

    def preprocess(self, pair: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Raises UserError where the pair is none."""
        return {"row": pair_row(context_turns(pair["context"]), response_text(pair["response"]))}

    def _forward(self, prepared: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"score": self.scorer.score_rows([prepared["row"]])[0]}

    def postprocess(self, output: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Plain values."""
        return output["score"].to_dict()


def empathy_pipeline(folder: str | None = None) -> EmpathyPipeline:
    """The pipeline of a release, by default the one that is installed. Raises UserError as the scorer does."""
    return EmpathyPipeline(EmpathyScorer.from_pretrained(folder))
