"""The pipelines. They teach the models one more kind of encoder, `release:`, without importing anything heavy."""

from modeling.resolve import SCHEMES


def _merged_encoder_folder(name: str) -> str:
    from pipelines.scoring.release_encoder import merged_encoder_folder

    return merged_encoder_folder(name)


SCHEMES["release:"] = _merged_encoder_folder
