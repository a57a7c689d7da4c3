"""The scorer of replies: empathy from 1 to 5 with an interval, emotion, mechanisms, and when to abstain."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import torch

from modeling.cascade import ViewVectors
from pipelines.data.mechanisms import LEVELS
from pipelines.errors import UserError
from pipelines.scoring import PRECISIONS
from pipelines.scoring.checkpoint import RELEASED, Checkpoint, read_checkpoint
from pipelines.scoring.domain import EMPTY, FAR, Reading, reading_reasons, text_reasons
from pipelines.scoring.encoder import Encoder
from pipelines.scoring.memory import REMEMBERED
from pipelines.scoring.pairs import Pair, given_pairs, given_texts, plain
from pipelines.scoring.reader import (
    BATCH_SIZE,
    PairReader,
    Row,
    batches,
    domain_features,
    mechanism_features,
    mind_a_fork,
    on_cpu,
    pair_row,
)
from pipelines.scoring.results import DialogueScores, Mechanism, Score
from pipelines.scoring.turns import Context, Turn, context_turns, dialogue_turns, listener_places, response_text

CHUNK = REMEMBERED // 2  # rows whose contexts are read before them, and are still remembered then
GROUP = 16  # batches whose scores are handed on together
MECHANISM_NAMES = ("emotional_reactions", "interpretations", "explorations")


class Judged(NamedTuple):
    """Tensors of a batch on the CPU, from which scores are made: (batch,) or (batch, classes)."""

    empathy: torch.Tensor
    quality: torch.Tensor
    belonging: torch.Tensor
    occasion: torch.Tensor
    emotions: torch.Tensor
    mechanisms: torch.Tensor
    distance: torch.Tensor


class Bf16Encoder:
    """An encoder that calculates in bf16; its hidden states are fp32."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder.bfloat16()

    def __call__(self, input_ids: torch.Tensor, view_ids: torch.Tensor) -> torch.Tensor:
        """Hidden states (batch, length, hidden) of packed rows (batch, length)."""
        return self.encoder(input_ids, view_ids).float()


class EmpathyScorer:
    """Scores replies in their contexts.

    Views of a context that was scored before are remembered, so that further replies to it cost less. Threads may share
    a scorer: they score one after the other. Processes may too: one that is forked calculates with one thread, and one
    that is spawned reads the release again.
    """

    def __init__(self, checkpoint: Checkpoint, precision: str = "fp32") -> None:
        if precision not in PRECISIONS:
            raise UserError(f"precision: expected one of {', '.join(PRECISIONS)}, got {precision!r}")
        self.checkpoint, self.precision = checkpoint, precision
        self._folder = checkpoint.folder.absolute()  # the working folder may be another one when a pickle is read
        network = checkpoint.network
        self.reader = PairReader(network, checkpoint.tokenizer)
        if precision == "int8":
            from pipelines.scoring.int8 import int8_encoder

            network.encoder = int8_encoder(checkpoint)
        elif precision == "bf16":
            network.encoder = Bf16Encoder(network.encoder)
        self.limits = self.reader.limits
        self.labels = [name for _, name in sorted(network.config.id2label.items(), key=lambda one: int(one[0]))]

    @classmethod
    def from_pretrained(cls, folder: str | os.PathLike[str] | None = None, precision: str = "fp32") -> Self:
        """The scorer of a release, by default the one that is installed with this package.

        precision: "fp32"; "bf16", for many pairs on a CPU that calculates with it; "int8", for single pairs on any CPU
        (docs/scoring.md says how fast and how exact they are). Raises UserError where the folder holds no release, or
        one that cannot be read.
        """
        mind_a_fork()
        return cls(read_checkpoint(RELEASED if folder is None else Path(folder)), precision)

    def __reduce__(self) -> tuple[Any, ...]:
        """A pickle holds where the release is, and not its weights. The file may be found changed when it is read."""
        return _read_again, (type(self), self._folder, self.precision, self.checkpoint.fingerprint)

    def score(self, context: Context, response: str) -> Score:
        """Score one reply.

        context: what was said before: a text, or a list of texts, the last one the speaker's, or a list of
        {"role": "speaker" or "listener", "text": ...}. Raises UserError where it is none of them.
        """
        return self.score_rows([pair_row(context_turns(plain(context)), response_text(response))])[0]

    def score_pairs(self, pairs: Iterable[Pair]) -> list[Score]:
        """Score many pairs of context and reply, in their order.

        pairs: tuples (context, reply), or mappings with the keys context and response (others are left out), in a list,
        a generator, a `datasets.Dataset` or a table of pandas. Raises UserError for the first that is none.
        """
        return self.score_rows([pair_row(turns, reply) for turns, reply in given_pairs(pairs)])

    def score_candidates(self, context: Context, responses: Iterable[str]) -> list[Score]:
        """Score several replies to one context, which is encoded once. Raises UserError where they are no list."""
        turns = context_turns(plain(context))
        return self.score_rows([pair_row(turns, response_text(one)) for one in given_texts(responses, "responses")])

    def score_dialogue(self, dialogue: Sequence[str] | Sequence[Turn]) -> DialogueScores:
        """Score every listener turn of a dialogue that has a speaker's before it.

        dialogue: texts, the speaker's and the listener's in turn, or {"role", "text"}. Raises UserError where there is
        no such turn.
        """
        turns = dialogue_turns(plain(dialogue))
        places = listener_places(turns)
        return DialogueScores(places, tuple(self.score_rows([pair_row(turns[:p], turns[p]["text"]) for p in places])))

    def score_rows(self, rows: Sequence[Row]) -> list[Score]:
        """Score rows with the columns dialogue_context and response of an example, in their order."""
        return [
            score for start in range(0, len(rows), CHUNK) for score in self._score_chunk(rows[start : start + CHUNK])
        ]

    def _score_chunk(self, rows: Sequence[Row]) -> list[Score]:
        scores: dict[int, Score] = {}
        for places, found in self.score_groups(rows):
            scores.update(zip(places, found, strict=True))
        return [scores[place] for place in range(len(rows))]

    def score_groups(self, rows: Sequence[Row], done: int = 0) -> Iterator[tuple[list[int], list[Score]]]:
        """Score at most `CHUNK` rows a group at a time: places of rows of like size, and their scores.

        done: groups at the start whose scores are not asked for again; they come without any.
        """
        if len(rows) > BATCH_SIZE:
            self.reader.read_contexts(rows)
        all_batches = list(batches(rows))
        for number, start in enumerate(range(0, len(all_batches), GROUP)):
            group = all_batches[start : start + GROUP]
            scores = [
                score for chosen in group if number >= done for score in self._judged([rows[place] for place in chosen])
            ]
            yield [place for chosen in group for place in chosen], scores

    def judge(self, rows: Sequence[Row]) -> Judged:
        """Judge a batch of rows with the columns of an example."""
        return self._judge(self.reader.vectors(rows))

    @torch.inference_mode()
    def _judge(self, vectors: ViewVectors) -> Judged:
        output = self.reader.network.judge(vectors)
        vectors = on_cpu(vectors)
        weight, bias = self.checkpoint.mechanism_weight, self.checkpoint.mechanism_bias
        levels = torch.addmm(bias, mechanism_features(vectors), weight.T)
        return Judged(
            empathy=output.empathy.cpu(),
            quality=output.quality.cpu(),
            belonging=output.belonging.cpu(),
            occasion=output.occasion.cpu(),
            emotions=(output.emotion_logits.cpu() / self.checkpoint.calibration.temperature).softmax(-1),
            mechanisms=levels.view(len(levels), len(MECHANISM_NAMES), LEVELS).softmax(-1),
            distance=self.checkpoint.domain.distances(domain_features(vectors)),
        )

    def _judged(self, rows: Sequence[Row]) -> list[Score]:
        vectors, readings = self.reader.read(rows)
        *judged, distances = [tensor.tolist() for tensor in self._judge(vectors)]
        return [
            self._typed_row(*of_row, self._reasons(row, reading, distance))  # type: ignore[call-arg]
            for row, reading, distance, *of_row in zip(rows, readings, distances, *judged, strict=True)
        ]

    def _reasons(self, row: Row, reading: Reading, distance: float) -> tuple[str, ...]:
        """Why not to use the score of a pair; empty where there is no reason."""
        found = text_reasons([turn["text"] for turn in row["dialogue_context"]], row["response"])
        if found and found[0] in EMPTY:
            return found
        far = (FAR,) if distance > self.checkpoint.domain.farthest else ()
        return found + reading_reasons(reading, self.limits) + far

    def _typed_row(
        self,
        empathy: float,
        quality: float,
        belonging: float,
        occasion: float,
        emotions: list[float],
        mechanisms: list[list[float]],
        reasons: tuple[str, ...],
    ) -> Score:
        calibration = self.checkpoint.calibration
        ranked = sorted(zip(self.labels, emotions, strict=True), key=lambda one: -one[1])
        return Score(
            empathy=empathy,
            interval=calibration.interval(empathy),
            coverage=calibration.coverage,
            emotion=ranked[0][0],
            emotions=dict(ranked),
            mechanisms={
                name: Mechanism(max(range(LEVELS), key=levels.__getitem__), (levels[0], levels[1], levels[2]))
                for name, levels in zip(MECHANISM_NAMES, mechanisms, strict=True)
            },
            quality=quality,
            belonging=belonging,
            occasion=occasion,
            reasons=reasons,
        )


def _read_again(kind: type[EmpathyScorer], folder: Path, precision: str, fingerprint: str) -> EmpathyScorer:
    scorer = kind.from_pretrained(folder, precision)
    if scorer.checkpoint.fingerprint != fingerprint:
        raise UserError(f"{folder}: expected the release that the scorer was made from, it has changed; load it again")
    return scorer
