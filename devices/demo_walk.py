"""The first calls of a newcomer, as lines that work when they are pasted into a shell."""

import shlex
from pathlib import Path

from django.conf import settings

from devices.demo import DemoCredentials, demo_file

_WALK = """\
# The demo's credentials, as variables of this shell:
. {file}

# Send a picture, as base64:
curl -sS -w '\\n' -H "Authorization: Bearer $MEDIAHUB_KEY" -H "Content-Type: application/json" \\
  -d '{{"to": "6281234567890", "type": "image", "caption": "Hello", "file_name": "sample.jpg",
       "data_base64": "'"$(base64 < {picture} | tr -d '\\n')"'"}}' \\
  "$MEDIAHUB_URL/v1/devices/$MEDIAHUB_DEVICE_ID/messages"

# Send it as a file:
curl -sS -w '\\n' -H "Authorization: Bearer $MEDIAHUB_KEY" \\
  -F to=6281234567890 -F type=image -F file=@{picture} \\
  "$MEDIAHUB_URL/v1/devices/$MEDIAHUB_DEVICE_ID/messages"

# List what is there:
curl -sS -w '\\n' -H "Authorization: Bearer $MEDIAHUB_KEY" "$MEDIAHUB_URL/v1/media"

# Download the newest by its media_path, and compare:
MEDIA_PATH=$(curl -sS -H "Authorization: Bearer $MEDIAHUB_KEY" "$MEDIAHUB_URL/v1/media?limit=1" \\
  | sed -e 's/.*"media_path": *"//' -e 's/".*//')
curl -sS -G -H "Authorization: Bearer $MEDIAHUB_KEY" --data-urlencode "path=$MEDIA_PATH" \\
  -o {copy} "$MEDIAHUB_URL/media" && cmp {copy} {picture} && echo "byte for byte the same"

# Hand in a picture as a gateway does{event}:
curl -sS -w '\\n' -H "Authorization: Bearer $MEDIAHUB_GATEWAY_KEY" \\
  -F "message_id=demo-$(date +%s)" -F kind=image -F from=6281234567890 -F caption=Hello -F file=@{picture} \\
  "$MEDIAHUB_URL/v1/devices/$MEDIAHUB_DEVICE_ID/inbound"

# See it in the admin: {url}/admin/  ({login})
"""


def walk(credentials: DemoCredentials) -> str:
    """The lines, with the paths of this checkout."""
    return _WALK.format(
        file=shlex.quote(str(demo_file())),
        copy=shlex.quote(str(demo_file().with_name("sample-copy.jpg"))),
        picture=shlex.quote(str(sample_picture())),
        url=credentials.url,
        login=_login(credentials),
        event="; the app's webhook appears in this terminal" if credentials.webhook_secret else "",
    )


def sample_picture() -> Path:
    """A small picture that comes with the project."""
    return Path(settings.BASE_DIR) / "docs" / "sample.jpg"


def _login(credentials: DemoCredentials) -> str:
    if credentials.admin_password:
        return f"user {credentials.admin_user}, password {credentials.admin_password}"
    return f"user {credentials.admin_user}; a forgotten password: manage.py changepassword {credentials.admin_user}"
