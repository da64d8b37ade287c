"""MIME types: their usual names, which are served as themselves, what their files are called."""

import re
from collections.abc import Collection

UNKNOWN = "application/octet-stream"

# Served as themselves, whoever sent them; a setting widens it (see `served_type`).
SERVED_TYPES = frozenset(
    (
        "application/pdf",
        "audio/mp4",
        "audio/mpeg",
        "audio/ogg",
        "image/jpeg",
        "image/png",
        "image/webp",
        "video/mp4",
    )
)
_INLINE_TYPES = SERVED_TYPES - {"application/pdf"}

_MIME = re.compile(r"(?=.{3,127}\Z)[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
# What clients write, and what it is called (RFC 6381's parameters are dropped before).
_ALIASES = {
    "application/x-pdf": "application/pdf",
    "audio/3gp": "audio/3gpp",
    "audio/aacp": "audio/aac",
    "audio/m4a": "audio/mp4",
    "audio/mp3": "audio/mpeg",
    "audio/mpeg3": "audio/mpeg",
    "audio/mpg": "audio/mpeg",
    "audio/oga": "audio/ogg",
    "audio/opus": "audio/ogg",
    "audio/vorbis": "audio/ogg",
    "audio/wave": "audio/wav",
    "audio/x-aac": "audio/aac",
    "audio/x-amr": "audio/amr",
    "audio/x-hx-aac-adts": "audio/aac",
    "audio/x-m4a": "audio/mp4",
    "audio/x-m4b": "audio/mp4",
    "audio/x-mp3": "audio/mpeg",
    "audio/x-mpeg": "audio/mpeg",
    "audio/x-mpeg-3": "audio/mpeg",
    "audio/x-ogg": "audio/ogg",
    "audio/x-opus+ogg": "audio/ogg",
    "audio/x-wav": "audio/wav",
    "image/apng": "image/png",
    "image/jfif": "image/jpeg",
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-citrix-jpeg": "image/jpeg",
    "image/x-citrix-png": "image/png",
    "image/x-png": "image/png",
    "image/x-webp": "image/webp",
    "video/3gp": "video/3gpp",
    "video/m4v": "video/mp4",
    "video/x-m4v": "video/mp4",
    "video/x-mp4": "video/mp4",
}


# Not html and svg: a file saved under such a name is a program to the browser that opens it.
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_EXTENSIONS = {
    "application/epub+zip": "epub",
    "application/gzip": "gz",
    "application/java-archive": "jar",
    "application/json": "json",
    "application/msword": "doc",
    "application/ogg": "ogx",
    "application/pdf": "pdf",
    "application/postscript": "ps",
    "application/rtf": "rtf",
    "application/vnd.android.package-archive": "apk",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-excel.sheet.macroenabled.12": "xlsm",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.ms-powerpoint.presentation.macroenabled.12": "pptm",
    "application/vnd.ms-word.document.macroenabled.12": "docm",
    "application/vnd.rar": "rar",
    "application/vnd.sqlite3": "sqlite",
    "application/x-7z-compressed": "7z",
    "application/x-bzip2": "bz2",
    "application/x-tar": "tar",
    "application/x-xz": "xz",
    "application/xml": "xml",
    "application/zip": "zip",
    "application/zstd": "zst",
    _OFFICE + "presentationml.presentation": "pptx",
    _OFFICE + "spreadsheetml.sheet": "xlsx",
    _OFFICE + "wordprocessingml.document": "docx",
    _OPEN_DOCUMENT + "presentation": "odp",
    _OPEN_DOCUMENT + "spreadsheet": "ods",
    _OPEN_DOCUMENT + "text": "odt",
    "audio/3gpp": "3gp",
    "audio/3gpp2": "3g2",
    "audio/aac": "aac",
    "audio/aiff": "aiff",
    "audio/amr": "amr",
    "audio/amr-wb": "awb",
    "audio/flac": "flac",
    "audio/midi": "mid",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "image/avif": "avif",
    "image/bmp": "bmp",
    "image/gif": "gif",
    "image/heic": "heic",
    "image/heif": "heif",
    "image/jp2": "jp2",
    "image/jpeg": "jpg",
    "image/jxl": "jxl",
    "image/png": "png",
    "image/tiff": "tiff",
    "image/vnd.adobe.photoshop": "psd",
    "image/vnd.microsoft.icon": "ico",
    "image/webp": "webp",
    "message/rfc822": "eml",
    "text/calendar": "ics",
    "text/csv": "csv",
    "text/markdown": "md",
    "text/plain": "txt",
    "text/vcard": "vcf",
    "video/3gpp": "3gp",
    "video/3gpp2": "3g2",
    "video/mp2t": "ts",
    "video/mp4": "mp4",
    "video/mpeg": "mpg",
    "video/ogg": "ogv",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
    "video/x-ms-asf": "asf",
    "video/x-msvideo": "avi",
}
_FINER = {
    "application/x-ole-storage": ("doc", "dot", "mpp", "msg", "pps", "ppt", "pub", "vsd", "xls", "xlt"),
    "application/xml": ("gpx", "kml", "xml", "xsd", "xsl"),
    "application/zip": ("docx", "key", "kmz", "numbers", "odg", "odp", "ods", "odt", "pages", "pptx", "xlsx", "zip"),
    "image/tiff": ("dng", "nef", "tif", "tiff"),
    "text/plain": ("csv", "ini", "json", "log", "md", "srt", "sql", "tex", "toml", "tsv", "txt", "vtt", "yaml", "yml"),
    "video/x-ms-asf": ("asf", "wma", "wmv"),
}


def normalise(mime: str | None) -> str:
    """The type without parameters, in lower case, by its usual name; "" where this is no type at all."""
    essence = (mime or "").partition(";")[0].strip().lower()
    return _ALIASES.get(essence, essence) if _MIME.fullmatch(essence) else ""


def natural_kind(mime: str) -> str:
    """The kind of media that was sent without a message: image, video, audio or document."""
    family = mime.partition("/")[0]
    # A drawing is a program; networks carry it as a document.
    return family if family in ("image", "video", "audio") and mime != "image/svg+xml" else "document"


def served_type(mime: str, *, extra: Collection[str] = ()) -> str:
    """The Content-Type of a download: `mime` where it is in the table, or in `extra`, else octet-stream."""
    return mime if mime in SERVED_TYPES or mime in extra else UNKNOWN


def is_inline(mime: str) -> bool:
    """Whether a browser may show it in place: raster images, sound and video of the table, nothing else."""
    return mime in _INLINE_TYPES


def extension(mime: str, *, file_name: str | None = None) -> str:
    """What a file of this type is called after the dot: never anything outside [a-z0-9]{1,8}, `bin` if unknown.

    Some types say little (an archive, text, an old office document): there the ending of the file's own name is
    taken, where it is one that belongs to such a type. Nothing is ever concluded from an extension.
    """
    ending = (file_name or "").rpartition(".")[2].lower()
    return ending if ending in _FINER.get(mime, ()) else _EXTENSIONS.get(mime, "bin")
