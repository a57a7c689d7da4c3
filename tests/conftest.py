"""Tiny encoders made on the spot and a tiny corpus in the official format, for every test."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"  # no test may reach the Hub; read when transformers is imported
os.environ.setdefault("OMP_NUM_THREADS", "1")  # of what the tests start: there is a process of tests for every core

import gc
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers.processors import RobertaProcessing, TemplateProcessing
from transformers import (
    BertConfig,
    BertModel,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
)

from modeling.views import CONTEXT, FULL_DIALOGUE

torch.set_num_threads(1)

# Files that take longest begin first, so that no process is left alone with one of them at the end.
LONGEST = (
    "tests/docs/test_pages.py",
    "tests/pipelines/training/test_experiment.py",
    "tests/pipelines/test_train.py",
    "tests/benchmarks/test_kill_resume.py",
    "tests/docs/test_extending.py",
    "tests/pipelines/labels/test_build.py",
    "tests/pipelines/reporting/test_render.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Longest files first; within a file the order stays."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.nodeid.split("::")[0], len(place)))


def pytest_collection_finish() -> None:
    """Collections of garbage pass over what was imported: millions of objects, all of which stay."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000)


ENCODERS = ("bert", "roberta")
LONGEST_VIEW = 64  # tokens that a tiny encoder has positions for

# Invented; also what the tokenizers learn their vocabulary from. conv_id -> (emotion, situation, turns).
DIALOGUES: dict[str, dict[str, tuple[str, str, list[str]]]] = {
    "train": {
        "hit:1_conv:1": (
            "proud",
            "My daughter, who is nine, won the swimming race.",
            [
                "My daughter won her race today, and I cried!",
                "That is wonderful! You must be so proud of her.",
                "I am. She trained every morning.",
                "All that work paid off. How did you celebrate?",
            ],
        ),
        "hit:1_conv:2": (
            "sad",
            "Our old cat died last week.",
            ["Our cat died last week.", "Cats die.", "She was with us for years.", "I am so sorry. You must miss her."],
        ),
        "hit:2_conv:3": (
            "angry",
            "They towed my van from my own drive.",
            ["They towed my van!", "That would make me angry too. Did you get it back?"],
        ),
        "hit:2_conv:4": (
            "afraid",
            "I heard steps in the attic at night.",
            ["I heard steps in the attic.", "Anyway, what is for dinner?", "I could not sleep.", "Buy a lamp."],
        ),
        "hit:3_conv:5": (
            "joyful",
            "My brother came home after two years.",
            ["My brother came home!", "How happy you must be after so long!"],
        ),
        "hit:3_conv:6": (
            "lonely",
            "Nobody came to my birthday party.",
            ["Nobody came to my party.", "That hurts. I would have felt alone too.", "I sat there.", "Oh well."],
        ),
    },
    "valid": {
        "hit:4_conv:7": (
            "grateful",
            "A stranger returned my wallet.",
            ["A stranger returned my wallet.", "How kind! You must be grateful.", "I am.", "Good for you."],
        ),
        "hit:4_conv:8": (
            "jealous",
            "My neighbour bought the car that I wanted.",
            ["My neighbour bought my dream car.", "It is only a car."],
        ),
    },
    "test": {
        "hit:5_conv:9": (
            "anxious",
            "I have an exam in the morning.",
            ["I have an exam tomorrow.", "I can see why you are worried. What helps?", "Tea helps.", "Then drink tea."],
        ),
        "hit:5_conv:10": (
            "surprised",
            "My friends threw a party for me.",
            ["My friends threw me a party!", "What a lovely surprise! Tell me more."],
        ),
    },
}
RATINGS = {  # one rating a dialogue; conv:5 and conv:8 have none
    "hit:1_conv:1": 5,
    "hit:1_conv:2": 3,
    "hit:2_conv:3": 4,
    "hit:2_conv:4": 1,
    "hit:3_conv:6": 2,
    "hit:4_conv:7": 4,
    "hit:5_conv:9": 3,
    "hit:5_conv:10": 5,
}


def _texts() -> list[str]:
    dialogues = [dialogue for split in DIALOGUES.values() for dialogue in split.values()]
    return [text for _, situation, turns in dialogues for text in (situation, *turns)]


def _bert_tokenizer() -> PreTrainedTokenizerFast:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    normalizer, pre_tokenizer = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    words = Counter(
        word for text in _texts() for word, _ in pre_tokenizer.pre_tokenize_str(normalizer.normalize_str(text))
    )
    characters = sorted({character for word in words for character in word})
    # Not trained: the trainer breaks ties by chance, and figures of tests would differ from run to run.
    frequent = sorted((word for word in words if len(word) > 1), key=lambda word: (-words[word], word))
    unused = [f"[unused{number}]" for number in range(200)]
    pieces = [*special, *characters, *(f"##{character}" for character in characters), *frequent, *unused][:200]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, pre_tokenizer
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), special, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


def _roberta_tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.BpeTrainer(
        vocab_size=400,  # 256 bytes, then words
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(), trainer)
    tokenizer.post_processor = RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    names = dict(zip(("cls_token", "pad_token", "sep_token", "unk_token", "mask_token"), special, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


def _tiny_model(kind: str, vocabulary: int) -> PreTrainedModel:
    sizes: dict[str, Any] = {
        "vocab_size": vocabulary,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
    }
    torch.manual_seed(7)
    config: PretrainedConfig
    if kind == "bert":
        config = BertConfig(max_position_embeddings=LONGEST_VIEW, pad_token_id=0, **sizes)
        return BertModel(config)
    # RoBERTa's positions start at pad_token_id + 1
    config = RobertaConfig(max_position_embeddings=LONGEST_VIEW + 2, type_vocab_size=1, pad_token_id=1, **sizes)
    return RobertaModel(config)


@pytest.fixture(scope="session")
def tiny_encoders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Model folders by kind ("bert", "roberta"): hidden 32, 2 layers, 2 heads, 64 positions, seeded."""
    folders: dict[str, str] = {}
    for kind, tokenizer in (("bert", _bert_tokenizer()), ("roberta", _roberta_tokenizer())):
        folder = tmp_path_factory.mktemp("encoders") / f"tiny-{kind}"
        tokenizer.model_max_length = LONGEST_VIEW
        tokenizer.save_pretrained(folder)
        _tiny_model(kind, len(tokenizer)).save_pretrained(folder)
        folders[kind] = str(folder)
    return folders


@pytest.fixture(scope="session")
def tiny_bert(tiny_encoders: dict[str, str]) -> str:
    """Folder of the tiny BERT."""
    return tiny_encoders["bert"]


@pytest.fixture(scope="session")
def tiny_roberta(tiny_encoders: dict[str, str]) -> str:
    """Folder of the tiny RoBERTa."""
    return tiny_encoders["roberta"]


@pytest.fixture(params=ENCODERS)
def tiny_encoder(request: pytest.FixtureRequest, tiny_encoders: dict[str, str]) -> str:
    """Folder of a tiny encoder; a test that uses it runs once for each kind."""
    return tiny_encoders[request.param]


@pytest.fixture(scope="session")
def tiny_corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder with train.csv (6 dialogues), valid.csv (2) and test.csv (2) in the official format."""
    folder = tmp_path_factory.mktemp("tiny_corpus")
    for split, dialogues in DIALOGUES.items():
        lines = ["conv_id,utterance_idx,context,prompt,speaker_idx,utterance,selfeval,tags"]
        for conv_id, (emotion, situation, turns) in dialogues.items():
            for number, text in enumerate(turns, start=1):
                coded = [value.replace(",", "_comma_") for value in (situation, text)]
                row = [conv_id, str(number), emotion, coded[0], str(number % 2), coded[1], "", ""]
                # valid and test carry a ninth column, the retrieval candidates
                lines.append(",".join(row if split == "train" else [*row, ""]))
        (folder / f"{split}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(folder)


@pytest.fixture(scope="session")
def tiny_ratings(tmp_path_factory: pytest.TempPathFactory) -> str:
    """CSV of human ratings of the tiny corpus's dialogues; two dialogues have none."""
    splits = {conv_id: split for split, dialogues in DIALOGUES.items() for conv_id in dialogues}
    rows = [f"{conv_id},{rating},1_1,{splits[conv_id]}" for conv_id, rating in RATINGS.items()]
    file: Path = tmp_path_factory.mktemp("tiny_ratings") / "ratings.csv"
    file.write_text("\n".join(["conv_id,rating,batch,split", *rows]) + "\n", encoding="utf-8")
    return str(file)


@pytest.fixture(scope="session")
def make_batch() -> Callable[..., dict[str, torch.Tensor]]:
    """`make_batch(lengths, views, padding, seed)`: random rows with labels.

    `lengths` has one tuple a row, the tokens of each of `views`; `padding` tokens follow the longest row.
    """

    def make(
        lengths: Sequence[tuple[int, ...]],
        views: tuple[int, ...] = (CONTEXT, FULL_DIALOGUE),
        padding: int = 3,
        seed: int = 0,
    ) -> dict[str, torch.Tensor]:
        random = torch.Generator().manual_seed(seed)
        shape = (len(lengths), max(sum(row) for row in lengths) + padding)
        input_ids = torch.randint(5, 200, shape, generator=random)
        view_ids = torch.zeros(shape, dtype=torch.long)
        for index, row in enumerate(lengths):
            packed = [view for view, length in zip(views, row, strict=True) for _ in range(length)]
            view_ids[index, : len(packed)] = torch.tensor(packed)
        return {
            "input_ids": input_ids,
            "view_ids": view_ids,
            "empathy": 1 + 4 * torch.rand(len(lengths), generator=random),
            "emotion": torch.randint(0, 32, (len(lengths),), generator=random),
        }

    return make


@pytest.fixture(scope="session")
def fill_weights() -> Callable[[torch.nn.Module], None]:
    """Fill a model's weights with fixed figures that depend on no library's initialisation."""

    def fill(model: torch.nn.Module) -> None:
        with torch.no_grad():
            for name, weight in model.named_parameters():
                random = torch.Generator().manual_seed(zlib.crc32(name.encode()))
                middle = {"LayerNorm.weight": 1.0, "empathy_head.out.bias": 3.0}
                mean = next((value for end, value in middle.items() if name.endswith(end)), 0.0)
                weight.copy_(mean + 0.1 * torch.randn(weight.shape, generator=random))

    return fill


@pytest.fixture(scope="session")
def toy_task() -> Callable[[int, int], dict[str, torch.Tensor]]:
    """`toy_task(rows, seed)`: both views, random words, but one word of the response decides the score, 1 to 5."""

    def make(rows: int, seed: int) -> dict[str, torch.Tensor]:
        random = torch.Generator().manual_seed(seed)
        score = torch.randint(0, 5, (rows,), generator=random)
        input_ids = torch.randint(20, 60, (rows, 14), generator=random)
        input_ids[:, [0, 6]] = 2  # the first token of either view
        input_ids[:, 12] = 10 + score
        view_ids = torch.tensor([CONTEXT] * 6 + [FULL_DIALOGUE] * 8).expand(rows, -1).contiguous()
        emotion = torch.randint(0, 32, (rows,), generator=random)
        return {"input_ids": input_ids, "view_ids": view_ids, "empathy": score + 1.0, "emotion": emotion}

    return make


@pytest.fixture(scope="session")
def train_toy() -> Callable[..., None]:
    """`train_toy(model, task, steps)` trains on fresh toy rows at each step."""

    def train(model: torch.nn.Module, task: Callable[[int, int], dict[str, torch.Tensor]], steps: int) -> None:
        optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
        model.train()
        for step in range(steps):
            model(**task(32, 1000 + step)).loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        model.eval()

    return train


# Experiment YAMLs on the tiny encoder and the tiny corpus.
STAGES = {
    "baseline": [{"objective": "multitask", "epochs": 2, "batch_size": 4, "learning_rate": 1e-3, "select_on": "mae"}],
    "stm": [
        {"objective": "emotion", "epochs": 1, "batch_size": 4, "learning_rate": 1e-3},
        {"objective": "multitask", "epochs": 2, "batch_size": 4, "learning_rate": 5e-4, "select_on": "mae"},
    ],
    "mvc": [
        {"objective": "emotion", "epochs": 1, "batch_size": 4, "learning_rate": 1e-3, "select_on": "loss"},
        {"objective": "cascade", "epochs": 2, "batch_size": 4, "learning_rate": 1e-3},
    ],
}

WriteConfig = Callable[..., Path]


@pytest.fixture
def write_config(tmp_path: Path, tiny_bert: str, tiny_corpus: str, tiny_ratings: str) -> WriteConfig:
    """Write `<tmp_path>/<family>.yaml` for a family, with top-level keys changed, and return its path."""

    def write(family: str, **changes: Any) -> Path:
        settings = {
            "name": "tiny",
            "family": family,
            "seeds": [17],
            "data": {"path": tiny_corpus, "labels": "human_ratings", "labels_path": tiny_ratings},
            "encoder": {"name_or_path": tiny_bert, "view_length": 64},
            "stages": STAGES[family],
            "output_dir": str(tmp_path / "runs"),
        } | changes
        path = tmp_path / f"{family}.yaml"
        path.write_text(yaml.safe_dump(settings), encoding="utf-8")
        return path

    return write
