"""Configuration of the cascade; each option is an ablation."""

from typing import Any

from transformers import AutoConfig

from modeling.configuration import EmpathyConfig

SIGNALS = ("logits", "probs", "label_embedding", "none")


class MVCConfig(EmpathyConfig):
    """The shared settings and the cascade's.

    relevance: True hands on how the response relates to the context view too: the product of their vectors. The
        response is then a view of its own, which the full dialogue view sees but which sees nothing else, so that its
        vector can be compared with the context's; that costs a token or two.
    relevance_weight: weight of the relevance loss, which trains both vectors to find each other among a batch's.
    gate: True splits the score in three: the empathy head learns the quality of a response from pairs that were given
        so; one gate learns whether it belongs in its context, another whether that gives occasion for empathy.
        score = lowest + (quality - lowest) * belonging * occasion.
    open_from: share of the probability that true pairs usually get from which a response belongs without any doubt.
        Lower, people agree more with the score and it tells swapped pairs worse from true ones.
    cascade_signal: what the empathy head is handed: the emotion "logits" (centred: a softmax ignores their mean), the
        "probs", a "label_embedding" weighted by the probabilities, or "none".
    cascade_detach: True stops the empathy loss from reaching the emotion head through the signal.
    gold_mix: probability, in training only, with which an example's signal is made from its gold emotion.
    label_embedding_size: width of the label embedding.
    """

    model_type = "empathy-mvc"

    def __init__(
        self,
        relevance: bool = False,
        relevance_weight: float = 0.0,
        gate: bool = False,
        open_from: float = 0.94,
        cascade_signal: str = "logits",
        cascade_detach: bool = False,
        gold_mix: float = 0.0,
        label_embedding_size: int = 64,
        **kwargs: Any,
    ) -> None:
        if cascade_signal not in SIGNALS:
            raise ValueError(f"cascade_signal: expected one of {', '.join(SIGNALS)}, got {cascade_signal!r}")
        if not 0.0 <= gold_mix <= 1.0:
            raise ValueError(f"gold_mix: expected a probability from 0 to 1, got {gold_mix}")
        if gate and not relevance:
            raise ValueError(
                "gate: expected relevance with it, which the gate reads; set relevance or leave the gate out"
            )
        if not 0.0 < open_from <= 1.0:
            raise ValueError(f"open_from: expected a share above 0 and up to 1, got {open_from}")
        if relevance_weight < 0 or (relevance_weight and not relevance):
            raise ValueError(
                f"relevance_weight: expected 0 or more, and 0 without relevance, got {relevance_weight} with "
                f"relevance {bool(relevance)}"
            )
        self.gate = bool(gate)
        self.open_from = float(open_from)
        self.relevance = bool(relevance)
        self.relevance_weight = float(relevance_weight)
        self.cascade_signal = cascade_signal
        self.cascade_detach = bool(cascade_detach)
        self.gold_mix = float(gold_mix)
        self.label_embedding_size = int(label_embedding_size)
        super().__init__(**kwargs)


AutoConfig.register(MVCConfig.model_type, MVCConfig, exist_ok=True)
