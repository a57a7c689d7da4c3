"""Configuration of the baselines of the cascaded label signal network."""

from typing import Any

from transformers import AutoConfig

from modeling.configuration import EncoderConfig

KINDS = ("single_task", "joint", "joint_id_sf", "dcr_net", "co_gat")


class CLSNBaselinesConfig(EncoderConfig):
    """The encoder's settings and the baseline's.

    kind: which baseline: "single_task" (the direction alone), "joint" (two classifiers on one vector), "joint_id_sf"
        (Liu & Lane 2016), "dcr_net" (Qin et al. 2020) or "co_gat" (Qin et al. 2021). The first two pool the sentence
        as `pooling` says, the others as their papers do.
    num_directions: 3 for none, seeking and providing, or 2 for one direction against the rest.
    num_intents: classes of the empathetic intent.
    intent_weight: weight of the intent loss in L = L_direction + intent_weight * L_intent.
    """

    model_type = "empathy-clsn-baselines"

    def __init__(
        self,
        kind: str = "joint",
        num_directions: int = 3,
        num_intents: int = 9,
        intent_weight: float = 1.0,
        **kwargs: Any,
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
        if num_directions not in (2, 3):
            raise ValueError(f"num_directions: expected 3, or 2 for a binary setting, got {num_directions}")
        if num_intents < 2:
            raise ValueError(f"num_intents: expected 2 or more, got {num_intents}")
        if intent_weight < 0:
            raise ValueError(f"intent_weight: expected 0 or more, got {intent_weight}")
        self.kind = kind
        self.num_directions = int(num_directions)
        self.num_intents = int(num_intents)
        self.intent_weight = float(intent_weight)
        super().__init__(**kwargs)


AutoConfig.register(CLSNBaselinesConfig.model_type, CLSNBaselinesConfig, exist_ok=True)
