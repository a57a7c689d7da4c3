"""Emotion modelling of conversations: which emotion answers which, and training on dialogues with frequent pairs."""
