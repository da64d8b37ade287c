"""`run` and what documents the settings."""
