"""Published tables beside our own figures for the same systems: `empathy reproduce`."""
