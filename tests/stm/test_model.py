"""STM has no network of its own."""

import baseline
import stm


def test_network_and_configuration_are_the_baseline_s() -> None:
    assert stm.Model is baseline.Model
    assert stm.Config is baseline.Config
