"""The common model tests of transformers, on the networks that are registered with its Auto classes."""

import unittest
from typing import Any, ClassVar

import pytest
import torch
from transformers import BertConfig, PretrainedConfig

import baseline
import mvc
import peers.adapter_stack
import peers.clsn
import peers.clsn_baselines
import peers.epitome
import peers.retrieval
import peers.text_pairs
from modeling.views import CONTEXT, FULL_DIALOGUE, RESPONSE
from tests.modeling.library import common_tests

pytestmark = pytest.mark.filterwarnings("ignore")
common = common_tests()
ROWS, LENGTH, WORDS = 3, 13, 99
REFUSED = "this network says itself which attention it can be given, and why"
ASK_FOR_MAPS = (
    "test_model_outputs_equivalence",
    "test_capture_outputs_decorator",
    "test_retain_grad_hidden_states_attentions",
)
# How the names of tests begin that do not apply -> why.
SKIPPED = {
    "test_can_capture_specific_layers_hidden_states": "all layers' states are given, or none",
    "test_can_set_attention_dynamically": REFUSED,
    "test_sdpa_can_dispatch_non_composite_models": "its own attention, sdpa_dropout, is torch's wherever nothing drops",
    "test_correct_missing_keys": "its encoder is a module of this project and no model that is saved alone",
    "test_eager_matches_sdpa_inference_24": "it asks torch's attention for maps, which makes none: refused",
    "test_model_weights_reload_no_missing_tied_weights": "weights that are missing are refused, which it takes as new",
}


OUTPUTS = "a peer's network gives what its source describes, and no hidden states, maps or tuples beside it"
OF_PEERS = {
    "test_attention_outputs": OUTPUTS,
    "test_capture_outputs_decorator": OUTPUTS,
    "test_hidden_states_output": OUTPUTS,
    "test_model_outputs_equivalence": OUTPUTS,
    "test_retain_grad_hidden_states_attentions": OUTPUTS,
    "test_eager_matches_sdpa_inference": "it compares hidden states; test_ecosystem.py compares outputs",
}


def packed(rows: int, length: int) -> torch.Tensor:
    """View ids (rows, length) of a context, a full dialogue and its response."""
    third = length // 3
    views = [CONTEXT] * third + [FULL_DIALOGUE] * third + [RESPONSE] * (length - 2 * third)
    return torch.tensor([views]).expand(rows, length).clone()


class Given:
    """What the library's tests ask of a model's own."""

    is_training = False
    batch_size, seq_length, hidden_size, num_hidden_layers, num_attention_heads = ROWS, LENGTH, 32, 2, 4

    def __init__(self, config_class: type[PretrainedConfig], settings: dict[str, Any]) -> None:
        self.config_class, self.settings, self.attention = config_class, settings, "sdpa_dropout"

    def prepare_config_and_inputs_for_common(self) -> tuple[PretrainedConfig, dict[str, torch.Tensor]]:
        """A configuration and a batch."""
        sizes = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=37)
        encoder = BertConfig(vocab_size=WORDS, max_position_embeddings=64, **sizes)
        described = encoder.to_diff_dict() | {"model_type": "bert"}
        config = self.config_class(encoder=described, view_length=16, **self.settings)
        config._attn_implementation = self.attention
        return config, {"input_ids": torch.randint(5, WORDS, (ROWS, LENGTH)), "view_ids": packed(ROWS, LENGTH)}


class Network(common.ModelTesterMixin):
    """Tests of one network, `model`, with `settings`."""

    model: Any = None
    settings: ClassVar[dict[str, Any]] = {}
    skipped = tuple(SKIPPED.items())

    def setUp(self) -> None:
        for names, why in self.skipped:
            if self._testMethodName.startswith(names):
                self.skipTest(why)
        self.all_model_classes = (self.model,)
        self.model_tester = Given(self.model.config_class, self.settings)
        if self._testMethodName in ASK_FOR_MAPS:
            self.model_tester.attention = "eager"  # which alone makes them

    def _prepare_for_class(self, inputs_dict: dict[str, Any], model_class: Any, return_labels: bool = False) -> Any:
        given = super()._prepare_for_class(inputs_dict, model_class, return_labels=return_labels)
        if "view_ids" not in given:  # some tests hand on the tokens alone
            given["view_ids"] = packed(*given["input_ids"].shape)
        return given


class TestBaseline(Network, unittest.TestCase):
    model = baseline.Model


class TestMVC(Network, unittest.TestCase):
    model = mvc.Model
    settings: ClassVar[dict[str, Any]] = {"relevance": True, "gate": True}


class TestAdapterStack(Network, unittest.TestCase):
    model = peers.adapter_stack.Model
    skipped = (
        *SKIPPED.items(),
        ("test_retain_grad_hidden_states_attentions", "its encoder never changes: no gradient goes through it"),
    )


class Peer(Network):
    """Of a peer, whose forward pass takes what it is trained on and no more."""

    skipped = (*SKIPPED.items(), *OF_PEERS.items())


class TestTextPairs(Peer, unittest.TestCase):
    model = peers.text_pairs.Model


class TestEpitome(Peer, unittest.TestCase):
    model = peers.epitome.Model


class TestRetrieval(Peer, unittest.TestCase):
    model = peers.retrieval.Model


class TestCLSN(Peer, unittest.TestCase):
    model = peers.clsn.Model


class TestCLSNBaselines(Peer, unittest.TestCase):
    model = peers.clsn_baselines.Model


def test_what_is_skipped_is_a_test_of_the_library() -> None:
    names = dir(common.ModelTesterMixin)
    assert [start for start in SKIPPED | OF_PEERS if not any(name.startswith(start) for name in names)] == []
