"""What devices refuses, each with its code in the table of problems."""

from problems.errors import Malformed, Problem


class Refused(Problem):
    """A receiver of `device_destroyed` or `app_destroyed` will not have it; subclasses name the reason and its code."""

    code = "forbidden"


class DuplicateName(Problem):
    """A living device of the same app has this name already."""

    code = "duplicate_name"

    def __init__(self, name: str) -> None:
        super().__init__(f"This app already has a device called {name!r}; choose another name.")


class BadName(Malformed):
    """A name that cannot be shown on one line."""


class KeyRefused(Malformed):
    """A key that could never be used, or with a scope that does not exist."""


class WebhookForbidden(Problem):
    """A URL that nothing is sent to, by its spelling alone."""

    code = "webhook_forbidden"


class TooManyWebhooks(Problem):
    """The app has as many endpoints as it may."""

    code = "too_many_webhooks"

    def __init__(self, most: int) -> None:
        super().__init__(f"This app has {most} webhooks, and may not have more; delete one first.", limit=most)


class WebhookDisabled(Problem):
    """Nothing is sent to an endpoint that is disabled."""

    code = "webhook_disabled"

    def __init__(self) -> None:
        super().__init__("This webhook is disabled; enable it first.")


class EventsRefused(Malformed):
    """Events that do not exist, or none."""


class Unauthenticated(Problem):
    """No key, or one that opens nothing; a stranger learns no more than that."""

    code = "unauthenticated"

    def __init__(self) -> None:
        super().__init__(
            "Send `Authorization: Bearer mhk_…` with an API key that is neither expired nor revoked.",
            headers={"WWW-Authenticate": "Bearer"},
        )


class ScopeMissing(Problem):
    """The key is good, but may not do this."""

    code = "scope_missing"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This needs a key with the scope {scope}; the key in use does not have it.", scope=scope)
