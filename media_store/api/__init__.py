"""The HTTP door: reads, finds, calls a verb, answers."""
