"""libmagic, one object for the process, with its names for types brought to one spelling.

The system's library is taken where there is one, because it gets the system's security updates; otherwise the
one that pylibmagic carries. Their databases differ, so nothing that MediaHub serves under its own type rests
on them: see `media_store.sniffing`.
"""

import re
from functools import cache

try:
    import magic
except ImportError:
    # Importing it makes ctypes find the library and the database inside the package.
    import pylibmagic  # noqa: F401, I001 - imported for what it does, and first
    import magic

# Its rules for text search from every line: 64 KiB of line ends keep it busy for two seconds, 8 KiB with short
# expressions for a tenth of one. Old office documents are told by their directory, which stands further on.
LOOK_BYTES = 8_192
MAX_EXPRESSION_BYTES = 1_024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

UNKNOWN = "application/octet-stream"
# RFC 6838, section 4.2, in the lower case that libmagic uses, no longer than the column that keeps it.
_TYPE = re.compile(r"(?=.{3,127}\Z)[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
# What the versions of libmagic call the same thing, by IANA's name where it has one.
_NAMES = {
    "application/cdfv2": "application/x-ole-storage",
    "application/javascript": "text/javascript",
    "application/macbinary": "application/x-macbinary",
    "application/x-7z-compressed": "application/x-7z-compressed",
    "application/x-bzip2": "application/x-bzip2",
    "application/x-dosexec": "application/vnd.microsoft.portable-executable",
    "application/x-executable": "application/x-elf",
    "application/x-gzip": "application/gzip",
    "application/x-java-applet": "application/java-vm",
    "application/x-object": "application/x-elf",
    "application/x-pie-executable": "application/x-elf",
    "application/x-rar": "application/vnd.rar",
    "application/x-sharedlib": "application/x-elf",
    "application/x-shockwave-flash": "application/vnd.adobe.flash.movie",
    "application/x-wine-extension-ini": "text/plain",
    "application/x-zip": "application/zip",
    "application/x-zip-compressed": "application/zip",
    "audio/x-aiff": "audio/aiff",
    "audio/x-flac": "audio/flac",
    "audio/x-wav": "audio/wav",
    "font/sfnt": "font/ttf",
    "image/x-bmp": "image/bmp",
    "image/x-icon": "image/vnd.microsoft.icon",
    "image/x-ms-bmp": "image/bmp",
    "text/rtf": "application/rtf",
    "text/x-vcard": "text/vcard",
    "text/xml": "application/xml",
    "video/avi": "video/x-msvideo",
}


def ask(head: bytes) -> str:
    """The type that libmagic gives these bytes, or application/octet-stream where it gives none.

    libmagic fails on some bytes (rules nested too deeply, say); such bytes are unknown.
    """
    try:
        answer = _magic().from_buffer(head if head.startswith(_OLE) else head[:LOOK_BYTES]).lower()
    except magic.MagicException:
        return UNKNOWN
    name = _NAMES.get(answer, answer)
    return name if _TYPE.fullmatch(name) and not name.startswith("inode/") else UNKNOWN


@cache
def _magic() -> magic.Magic:
    # It lets one thread in at a time. One for each thread would map the database (8 MB) again each time, and an
    # answer takes a fifth of a millisecond, for bytes that no reader of ours has recognised.
    opened = magic.Magic(mime=True)
    opened.setparam(magic.MAGIC_PARAM_REGEX_MAX, MAX_EXPRESSION_BYTES)
    return opened
