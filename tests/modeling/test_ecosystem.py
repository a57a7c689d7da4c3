"""What software around transformers does with a network: maps, 16 bits, labels, embeddings, export, tuples."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from transformers import AutoModel

import baseline
import mvc
from modeling.views import CONTEXT, FULL_DIALOGUE, RESPONSE

Batch = dict[str, torch.Tensor]
GATED = {"relevance": True, "gate": True}
NETWORKS = ("baseline", "mvc", "peers.adapter_stack", "peers.text_pairs", "peers.epitome", "peers.retrieval")
NETWORKS += ("peers.clsn", "peers.clsn_baselines")
VIEWS = (CONTEXT, FULL_DIALOGUE, RESPONSE)


@pytest.fixture
def batch(make_batch: Callable[..., Batch]) -> Batch:
    return make_batch([(7, 6, 4), (4, 9, 3), (12, 5, 2)], views=VIEWS)


def inputs(batch: Batch) -> Batch:
    return {name: batch[name] for name in ("input_ids", "view_ids")}


def tiny(module: str, folder: str, **settings: Any) -> Any:
    torch.manual_seed(3)
    if module == "mvc":
        settings = GATED | settings
    return importlib.import_module(module).Model.from_encoder(folder, view_length=32, **settings).eval()


def outputs_of(model: Any, batch: Batch) -> dict[str, torch.Tensor]:
    with torch.no_grad():
        return {name: value for name, value in model(**inputs(batch)).items() if isinstance(value, torch.Tensor)}


@pytest.mark.parametrize("module", NETWORKS)
def test_eager_attention_gives_the_same_outputs(module: str, tiny_encoder: str, batch: Batch) -> None:
    model = tiny(module, tiny_encoder)
    before = outputs_of(model, batch)
    for name in ("eager", "sdpa"):
        model.set_attn_implementation(name)
        for key, value in outputs_of(model, batch).items():
            torch.testing.assert_close(value, before[key], atol=1e-5, rtol=1e-5, msg=f"{name}: {key}")


@pytest.mark.parametrize("name", ["flash_attention_2", "flex_attention"])
def test_an_attention_that_would_mix_views_is_refused(name: str, tiny_bert: str) -> None:
    with pytest.raises(ValueError, match="attn_implementation: expected one of sdpa_dropout, sdpa, eager, which keep"):
        tiny("mvc", tiny_bert).set_attn_implementation(name)


def test_maps_are_zero_between_views(tiny_encoder: str, batch: Batch) -> None:
    model = tiny("mvc", tiny_encoder)
    with pytest.raises(ValueError, match=r"output_attentions: expected the attention eager.*set_attn_implementation"):
        model(**inputs(batch), output_attentions=True)
    model.set_attn_implementation("eager")
    with torch.no_grad():
        output = model(**inputs(batch), output_attentions=True, output_hidden_states=True)
    assert len(output.attentions) == model.encoder.backbone.config.num_hidden_layers
    assert len(output.hidden_states) == len(output.attentions) + 1
    query, key = batch["view_ids"][:, :, None], batch["view_ids"][:, None, :]
    apart = (query != key) & ~((query == FULL_DIALOGUE) & (key == RESPONSE)) & (query != 0)
    for maps in output.attentions:
        assert maps.sum(dim=-1).allclose(torch.ones(()), atol=1e-5)
        assert maps.masked_select(apart[:, None].expand_as(maps)).max() == 0
        assert maps.masked_select(~apart[:, None] & (query != 0)[:, None] & (key != 0)[:, None]).min() > 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_sixteen_bits(dtype: torch.dtype, tiny_encoder: str, batch: Batch) -> None:
    model = tiny("mvc", tiny_encoder)
    whole = outputs_of(model, batch)
    model.to(dtype)
    for name, value in outputs_of(model, batch).items():
        assert value.isfinite().all(), name
        torch.testing.assert_close(value.float(), whole[name], atol=0.1, rtol=0.1, msg=name)
    model.train()
    loss = model(**inputs(batch), empathy=batch["empathy"].to(dtype), emotion=batch["emotion"]).loss
    loss.backward()
    assert loss.isfinite()
    assert all(weight.grad.isfinite().all() for weight in model.parameters() if weight.grad is not None)


@pytest.mark.parametrize("module", ["baseline", "mvc"])
def test_another_set_of_labels_survives(module: str, tiny_bert: str, batch: Batch, tmp_path: Path) -> None:
    names = {0: "calm", 1: "glad", 2: "sad"}
    model = tiny(module, tiny_bert, id2label=names, label2id={name: place for place, name in names.items()})
    assert model(**inputs(batch)).emotion_logits.shape == (3, 3)
    model.save_pretrained(tmp_path)
    again = AutoModel.from_pretrained(tmp_path)
    assert (again.config.num_labels, again.config.id2label) == (3, names)
    for name, value in outputs_of(again, batch).items():
        torch.testing.assert_close(value, outputs_of(model, batch)[name], atol=1e-6, rtol=0)
    by_number = tiny(module, tiny_bert, num_labels=5)
    by_number.save_pretrained(tmp_path / "by_number")
    assert AutoModel.from_pretrained(tmp_path / "by_number").config.num_labels == 5


@pytest.mark.parametrize("module", ["baseline", "peers.epitome", "peers.retrieval"])
def test_new_words_survive(module: str, tiny_bert: str, batch: Batch, tmp_path: Path) -> None:
    model = tiny(module, tiny_bert)
    before, words = outputs_of(model, batch), model.vocab_size
    model.resize_token_embeddings(words + 7)
    model.save_pretrained(tmp_path)
    again = AutoModel.from_pretrained(tmp_path)
    assert again.get_input_embeddings().num_embeddings == again.vocab_size == words + 7
    assert {encoder.backbone.get_input_embeddings().num_embeddings for encoder in again.encoders()} == {words + 7}
    for name, value in outputs_of(again, batch).items():
        torch.testing.assert_close(value, before[name], atol=1e-6, rtol=0)
    batch["input_ids"][0, 0] = words + 6
    assert all(value.isfinite().all() for value in outputs_of(again, batch).values())


def test_embeddings_are_given_and_taken(tiny_bert: str, batch: Batch) -> None:
    model = tiny("peers.retrieval", tiny_bert)
    model.set_input_embeddings(torch.nn.Embedding.from_pretrained(torch.ones(300, 32)))
    assert [encoder.backbone.get_input_embeddings().num_embeddings for encoder in model.encoders()] == [300, 300]
    first, second = (encoder.backbone.get_input_embeddings().weight for encoder in model.encoders())
    assert first is not second
    assert torch.equal(first, second)


@pytest.mark.parametrize("module", ["baseline", "mvc"])
def test_a_tuple_where_no_dict_is_wanted(module: str, tiny_bert: str, batch: Batch) -> None:
    model = tiny(module, tiny_bert)
    with torch.no_grad():
        by_name = model(**inputs(batch))
        as_tuple = model(**inputs(batch), return_dict=False)
        assert isinstance(as_tuple, tuple)
        for one, other in zip(as_tuple, by_name.to_tuple(), strict=True):
            assert torch.equal(one, other)
        model.config.return_dict = False
        assert isinstance(model(**inputs(batch)), tuple)
    assert by_name.hidden_states is None
    assert by_name.attentions is None


def test_a_revision_is_asked_for_and_kept(tiny_bert: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"revision: expected none for the encoder .* which is a folder .* got 'main'"):
        baseline.Model.from_encoder(tiny_bert, revision="main")
    asked: list[Any] = []
    monkeypatch.setattr("modeling.encoder.resolve_encoder", lambda name: name)
    for kind in ("AutoConfig", "AutoModel"):
        real = getattr(importlib.import_module("modeling.encoder"), kind).from_pretrained

        def hub(name: str, *, revision: str | None = None, real: Any = real, **kwargs: Any) -> Any:
            if name == "someone/encoder":
                asked.append((name, revision))
            return real(tiny_bert, **kwargs)

        monkeypatch.setattr(f"modeling.encoder.{kind}.from_pretrained", hub)
    model = baseline.Model.from_encoder("someone/encoder", revision="v2", view_length=32)
    assert asked == [("someone/encoder", "v2")] * 2
    monkeypatch.undo()
    model.save_pretrained(tmp_path)
    assert AutoModel.from_pretrained(tmp_path).config.encoder_revision == "v2"


@pytest.mark.parametrize(("name", "near"), [("lamda_emo", "lambda_emo"), ("pool", "pooling"), ("cascade_signl", "cas")])
def test_a_misspelt_setting_is_refused(name: str, near: str, tiny_bert: str) -> None:
    with pytest.raises((ValueError, TypeError), match=rf"{name}.*{near}"):
        mvc.Model.from_encoder(tiny_bert, view_length=32, **{name: 1})


class Plain(torch.nn.Module):
    """Score and emotion's logits of a network as a tuple."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, view_ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        output = self.model(input_ids, view_ids)
        return output.empathy, output.emotion_logits


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("module", ["baseline", "mvc"])
def test_an_exported_network_gives_the_same_scores(
    module: str, tiny_bert: str, batch: Batch, make_batch: Callable[..., Batch], tmp_path: Path
) -> None:
    model = Plain(tiny(module, tiny_bert)).eval()
    sizes = {0: torch.export.Dim("rows", min=2), 1: torch.export.Dim("length", min=4)}
    given = tuple(inputs(batch).values())
    exported = torch.export.export(model, given, dynamic_shapes=(sizes, sizes))
    torch.onnx.export(exported, (), tmp_path / "model.onnx", verbose=False)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    other = inputs(make_batch([(3, 8, 5), (9, 4, 4), (2, 2, 2), (6, 6, 6), (1, 1, 1)], views=VIEWS, padding=0, seed=4))
    for one in (inputs(batch), other):
        with torch.no_grad():
            expected = model(**one)
            for found, wanted in zip(exported.module()(*one.values()), expected, strict=True):
                torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0)
        names = [slot.name for slot in session.get_inputs()]
        run = session.run(None, {name: value.numpy() for name, value in zip(names, one.values(), strict=True)})
        for found, wanted in zip(run, expected, strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-4)
