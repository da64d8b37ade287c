"""What devices refuses, each with its code in the table of problems."""

from problems.errors import Problem


class Refused(Problem):
    """A receiver of `device_destroyed` will not have it; subclasses name the reason and its code."""

    code = "forbidden"


class DuplicateName(Problem):
    """A living device of the same app has this name already."""

    code = "duplicate_name"

    def __init__(self, name: str) -> None:
        super().__init__(f"This app already has a device called {name!r}; choose another name.")


class ScopeMissing(Problem):
    """The key is good, but may not do this."""

    code = "scope_missing"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This needs a key with the scope {scope}; the key in use does not have it.", scope=scope)


class AppNotDeletable(Exception):  # noqa: N818 - a state, like Django's ObjectDoesNotExist
    """Deleting an app would orphan what its devices hold, and Django's cascade cannot know that."""

    def __init__(self) -> None:
        super().__init__("An app cannot be deleted: destroy its devices and revoke its keys instead.")
