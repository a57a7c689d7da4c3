"""The three mechanisms of empathy and their levels (Sharma et al. 2020, arXiv:2009.08441)."""

MECHANISMS = ("er", "ip", "ex")  # emotional reactions, interpretations, explorations
LEVELS = 3  # 0 none, 1 weak, 2 strong
