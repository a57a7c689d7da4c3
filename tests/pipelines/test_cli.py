import subprocess
import sys
import time

import pytest

from pipelines.cli import COMMANDS, MODULES, main


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {name}" in out for name in COMMANDS)


def test_no_command_and_a_wrong_one_exit_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert main(["trian"]) == 2
    printed = capsys.readouterr()
    assert printed.out.startswith("usage: empathy COMMAND")
    assert printed.err == "empathy: error: expected a command, got 'trian'; did you mean empathy train?\n"
    assert main(["xylophone"]) == 2
    assert f"there are {', '.join(COMMANDS)}" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_also_a_module_with_quick_help(name: str) -> None:
    started = time.perf_counter()
    module = f"pipelines.{MODULES.get(name, name)}"
    done = subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert f"empathy {name}" in done.stdout
    assert time.perf_counter() - started < 3


def test_the_packages_import_without_a_warning() -> None:
    code = "import baseline, stm, mvc, modeling, pipelines"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom pipelines.cli import main\n"
        "try:\n    main(['train', '--help'])\nexcept SystemExit:\n    pass\n"
        "sys.exit(int(any(name in sys.modules for name in ('torch', 'transformers', 'sklearn', 'datasets'))))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_the_scorer_starts_without_what_only_corpora_need() -> None:
    code = (
        "import sys; import pipelines.scoring.scorer; "
        "print([name for name in ('datasets', 'pandas', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
