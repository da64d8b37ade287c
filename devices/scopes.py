"""What a key may be allowed to do."""

from django.db.models import TextChoices


class Scope(TextChoices):
    """The scopes of an API key, in the order in which they are stored and shown."""

    MEDIA_READ = "media:read", "list and download media"
    MEDIA_WRITE = "media:write", "send, upload and delete media"
    DEVICES = "devices", "create, rename and destroy devices"
    WEBHOOKS = "webhooks", "manage webhooks"
    KEYS = "keys", "issue and revoke keys"
    GATEWAY = "gateway", "be the gateway: inbound media, outbox, receipts"


# What an app's own client may do; a gateway has a key of its own.
CLIENT_SCOPES = tuple(scope for scope in Scope if scope is not Scope.GATEWAY)
