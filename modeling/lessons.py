"""What a training pair teaches a score that has gates; values of a batch's `teaches`."""

QUALITY = 0  # what a response is worth where it was given
BELONGING = 1  # that a response does not belong in this context
OCCASION = 2  # that a context gives no occasion for empathy

LESSONS = {"quality": QUALITY, "belonging": BELONGING, "occasion": OCCASION}
