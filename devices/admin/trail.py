"""The audit trail in the admin: read only."""

import json

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from devices.admin.pages import ReadOnlyPage
from devices.admin.showing import BAD, BUSY, HELD, QUIET, WARN, badge
from devices.models import AuditEvent

Action = AuditEvent.Action
TONES: dict[str, str] = {
    Action.DEVICE_DESTROYED: BAD,
    Action.APP_DESTROYED: BAD,
    Action.DEVICE_CLEARED: QUIET,
    Action.APP_CLEARED: QUIET,
    Action.HOLD_SET: HELD,
    Action.HOLD_RELEASED: HELD,
    Action.RETENTION_CHANGED: BUSY,
    Action.MEDIA_OPENED: QUIET,
    Action.MEDIA_REMOVED: WARN,
    Action.MEDIA_PURGED: WARN,
    Action.WEBHOOK_DISABLED: WARN,
    Action.WEBHOOK_ENABLED: BUSY,
    Action.INGEST_POLICY_CHANGED: BUSY,
    Action.KEY_ISSUED: BUSY,
    Action.KEY_REVOKED: WARN,
    Action.STORE_MARKED: WARN,
    Action.STORAGE_RECONCILED: WARN,
}


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyPage):
    """What was done, to what, by whom."""

    about = "What was done and must be told afterwards. It outlives what it tells of, and is only ever added to."
    nothing = "Nothing has been destroyed, held, opened, removed, issued or changed yet."
    list_display = ("at", "what", "subject", "by", "app_id")
    list_filter = ("action",)
    date_hierarchy = "at"
    search_fields = ("subject", "by")
    id_fields = ("app_id", "device_id")
    search_help_text = "Subject, who did it, or the id of an app or a device."
    ordering = ("-at", "-id")
    fields = ("at", "what", "subject", "by", "app_id", "device_id", "told")

    @admin.display(description="action", ordering="action")
    def what(self, event: AuditEvent) -> SafeString:
        """What was done."""
        return badge(event.get_action_display(), TONES.get(event.action, QUIET))

    @admin.display(description="details")
    def told(self, event: AuditEvent) -> SafeString:
        """As they were written."""
        text = json.dumps(event.details, indent=2, ensure_ascii=False, sort_keys=True)
        return format_html('<pre class="hub-json">{}</pre>', text)
