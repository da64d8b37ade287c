"""Makers of small real media files, each of a few hundred bytes to a few kilobytes.

Every maker answers bytes and remembers them, so that asking twice is free. `shade` changes a picture's
colour, and `hertz` a sound's pitch: two files of one type with different bytes.
"""

import hashlib
import io
import struct
from array import array
from fractions import Fraction
from functools import cache
from math import pi, sin
from pathlib import Path
from tempfile import NamedTemporaryFile
from zipfile import ZipFile, ZipInfo

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from PIL import Image

SAMPLES_A_FRAME = 1_024
VIDEO_FRAMES = 5
LOUDNESS = 12_000
_BITEXACT = {"fflags": "+bitexact"}


def _picture(*, width: int, height: int, shade: int) -> Image.Image:
    picture = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", (picture, Image.new("L", (width, height), shade % 256), picture.rotate(90)))


def _saved(picture: Image.Image, file_format: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, file_format, **options)
    return file.getvalue()


@cache
def jpeg(*, width: int = 24, height: int = 16, shade: int = 0, mode: str = "RGB") -> bytes:
    """A JFIF picture; `mode` may be L or CMYK."""
    return _saved(_picture(width=width, height=height, shade=shade).convert(mode), "JPEG")


@cache
def png(*, width: int = 24, height: int = 16, shade: int = 0, mode: str = "RGB") -> bytes:
    """A still picture."""
    return _saved(_picture(width=width, height=height, shade=shade).convert(mode), "PNG")


@cache
def apng() -> bytes:
    """A PNG of three frames."""
    return _saved(_picture(width=24, height=16, shade=0), "PNG", save_all=True, append_images=_more_pictures())


@cache
def gif() -> bytes:
    """An animated GIF."""
    return _saved(_picture(width=24, height=16, shade=0), "GIF", save_all=True, append_images=_more_pictures())


@cache
def webp(*, animated: bool = False, width: int = 24, height: int = 16, shade: int = 0, lossless: bool = False) -> bytes:
    """A sticker, still or animated."""
    more = _more_pictures(width=width, height=height) if animated else []
    picture = _picture(width=width, height=height, shade=shade)
    return _saved(picture, "WEBP", save_all=animated, append_images=more, lossless=lossless)


@cache
def tiff() -> bytes:
    """A picture that no message type but a document carries."""
    return _saved(_picture(width=8, height=8, shade=0), "TIFF")


def _more_pictures(*, width: int = 24, height: int = 16) -> list[Image.Image]:
    return [_picture(width=width, height=height, shade=shade) for shade in (100, 200)]


def _moving_picture(stream: VideoStream, number: int) -> av.VideoFrame:
    picture = _picture(width=stream.width, height=stream.height, shade=number * 40)
    frame: av.VideoFrame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call] # PyAV leaves it untyped
    frame.pts = number
    return frame


def _tone(stream: AudioStream, *, hertz: int, number: int) -> av.AudioFrame:
    first = number * SAMPLES_A_FRAME
    wave = array(
        "h", (int(LOUDNESS * sin(2 * pi * hertz * n / stream.rate)) for n in range(first, first + SAMPLES_A_FRAME))
    )
    frame = av.AudioFrame(format="s16", layout="mono", samples=SAMPLES_A_FRAME)
    frame.planes[0].update(wave.tobytes())
    frame.sample_rate, frame.pts, frame.time_base = stream.rate, first, Fraction(1, stream.rate)
    return frame


def _sound(
    file_format: str, codec: str, *, rate: int = 44_100, hertz: int = 440, frames: int = 12, **more: str
) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=file_format, options=_BITEXACT | more) as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        if not isinstance(stream, AudioStream):
            raise TypeError(codec)
        for number in range(frames):
            container.mux(stream.encode(_tone(stream, hertz=hertz, number=number)))
        container.mux(stream.encode(None))
    return file.getvalue()


def _video(
    file_format: str,
    codec: str,
    *,
    sound: str | None = None,
    sound_rate: int = 44_100,
    options: dict[str, str] | None = None,
) -> bytes:
    # By name: faststart reads again what it has written.
    with NamedTemporaryFile() as file:
        with av.open(file.name, "w", format=file_format, options=_BITEXACT | (options or {})) as container:
            pictures = container.add_stream(codec, rate=25, width=176, height=144, pix_fmt="yuv420p")
            sounds = container.add_stream(sound, rate=sound_rate, layout="mono") if sound else None
            for stream in filter(None, (pictures, sounds)):
                _mux(container, stream)
        return Path(file.name).read_bytes()


def _mux(container: OutputContainer, stream: object) -> None:
    if isinstance(stream, VideoStream):
        for number in range(VIDEO_FRAMES):
            container.mux(stream.encode(_moving_picture(stream, number)))
        container.mux(stream.encode(None))
    if isinstance(stream, AudioStream):
        container.mux(stream.encode(_tone(stream, hertz=440, number=0)))
        container.mux(stream.encode(None))


@cache
def mp4(*, sound: bool = True, movflags: str = "") -> bytes:
    """H.264 and AAC; `movflags` are the muxer's, such as faststart or frag_keyframe+empty_moov."""
    options = {"movflags": movflags} if movflags else None
    return _video("mp4", "libx264", sound="aac" if sound else None, options=options)


@cache
def three_gp() -> bytes:
    """H.263 and AMR, as old telephones write them."""
    return _video("3gp", "h263", sound="libopencore_amrnb", sound_rate=8_000)


@cache
def quicktime() -> bytes:
    """H.264 and AAC with QuickTime's brand."""
    return _video("mov", "libx264", sound="aac")


@cache
def webm() -> bytes:
    """VP8 in Matroska's web profile."""
    return _video("webm", "libvpx")


@cache
def m4a(*, hertz: int = 440) -> bytes:
    """AAC in MP4 with the brand M4A."""
    return _sound("ipod", "aac", hertz=hertz)


@cache
def audio_mp4() -> bytes:
    """AAC in MP4 with the brand isom: only its tracks tell that there are no pictures."""
    return _sound("mp4", "aac")


@cache
def mp3(*, hertz: int = 440, frames: int = 12, rate: int = 44_100, tag: bool = True) -> bytes:
    """MPEG audio, layer III; without `tag` no ID3v2 stands in front."""
    return _sound("mp3", "libmp3lame", hertz=hertz, frames=frames, rate=rate, id3v2_version="3" if tag else "0")


@cache
def mp2() -> bytes:
    """MPEG audio, layer II."""
    return _sound("mp2", "mp2")


@cache
def aac(*, hertz: int = 440) -> bytes:
    """AAC in ADTS frames."""
    return _sound("adts", "aac", hertz=hertz)


@cache
def amr() -> bytes:
    """Adaptive multi-rate, narrow band."""
    return _sound("amr", "libopencore_amrnb", rate=8_000)


@cache
def ogg_opus(*, hertz: int = 440) -> bytes:
    """A voice message."""
    return _sound("ogg", "libopus", rate=48_000, hertz=hertz, serial_offset="1")


@cache
def flac() -> bytes:
    """Lossless audio."""
    return _sound("flac", "flac")


@cache
def wav() -> bytes:
    """Uncompressed audio."""
    return _sound("wav", "pcm_s16le")


def _ogg_checksum(page: bytes) -> int:
    remainder = 0
    for byte in page:
        remainder ^= byte << 24
        for _ in range(8):
            remainder = (remainder << 1 ^ 0x04C11DB7) & 0xFFFFFFFF if remainder & 0x80000000 else remainder << 1
    return remainder


def ogg_page(packet: bytes, *, serial: int, first: bool = True) -> bytes:
    """One page with one packet shorter than 255 bytes (RFC 3533, section 6)."""
    page = struct.pack("<4sBBQIIIBB", b"OggS", 0, 2 if first else 0, 0, serial, 0, 0, 1, len(packet)) + packet
    return page[:22] + struct.pack("<I", _ogg_checksum(page)) + page[26:]


@cache
def ogg(*first_packets: bytes) -> bytes:
    """The opening of an Ogg file: one stream for each first packet, which names its codec."""
    pages = [ogg_page(packet, serial=number) for number, packet in enumerate(first_packets)]
    return b"".join([*pages, ogg_page(b"\x00" * 20, serial=0, first=False)])


@cache
def pdf(*, text: str = "MediaHub") -> bytes:
    """One page with a line of text."""
    content = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources <</Font <</F1 5 0 R>>>> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    return _pdf_of(objects)


def _pdf_of(objects: tuple[bytes, ...]) -> bytes:
    file = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return bytes(file) + trailer % (len(objects) + 1, table, len(objects) + 1, len(file))


@cache
def zipped(*names: str) -> bytes:
    """An archive of empty files, always the same bytes."""
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        for name in names or ("readme.txt",):
            archive.writestr(ZipInfo(name), b"")
    return file.getvalue()


@cache
def docx() -> bytes:
    """The opening of a word processor's document, in the order its writers keep."""
    return zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml", "word/styles.xml")


def html() -> bytes:
    """A page that would run a script, were it ever served as one."""
    return b"<!DOCTYPE html>\n<html><body><script>alert(document.domain)</script></body></html>\n"


def svg() -> bytes:
    """A drawing that would run a script, were it ever served as one."""
    return b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>\n'


def plain_text() -> bytes:
    """Words."""
    return "Dear customer,\nthe parcel arrives on Friday — please be at home.\n".encode() * 4


def incompressible(size: int) -> bytes:
    """Bytes without any meaning, the same each time."""
    return (b"\x01\x02" + hashlib.shake_256(b"bytes").digest(size))[:size]
