"""The news that devices sends up to whoever depends on it."""

from django.dispatch import Signal

# Both are sent inside the transaction that marks, the app and what is marked locked. A receiver that raises
# devices.errors.Refused undoes the mark: then nothing happened.

# With `device` (a devices.models.Device), `now` and `by`.
device_destroyed = Signal()
# With `app` (a devices.models.App), `now` and `by`; its devices are marked in the same transaction.
app_destroyed = Signal()

# With `count`: so many deliveries were written. Sent inside the transaction that announces.
webhooks_due = Signal()
