"""What delete() answers on tables whose rows go by verbs only."""


class DeletedByVerbsOnlyError(TypeError):
    """A row of this table goes by a verb, which notes what it lets go; never by delete()."""
