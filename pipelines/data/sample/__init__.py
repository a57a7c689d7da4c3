"""The sample corpus: dialogues invented for this project, under CC0 1.0 (see LICENSE and README.md beside it)."""
