"""What several of these tables have in common."""

NAME_MAX_CHARACTERS = 100
BY_CHARACTERS = 160

# Whom the trail names where nobody says who it was.
BY_CODE = "code"

# What Django's delete() answers: how many rows, and how many of each model.
Deleted = tuple[int, dict[str, int]]
