"""What can be known of an uploaded file, and refused, before a single pixel is decoded."""

import re
from io import BytesIO

from PIL import Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

MAX_BYTES = 10 * 1024 * 1024
MAX_SCANS = 64
MAX_SEGMENTS = 4096
MAX_PIXELS = {
    JpegImagePlugin.JpegImageFile.format: 50_000_000,
    PngImagePlugin.PngImageFile.format: 50_000_000,
    # libwebp holds a picture up to five times at once, so the child's memory ends here.
    WebPImagePlugin.WebPImageFile.format: 16_000_000,
}

# A marker of JPEG that is followed by a length: not a stuffed byte, filler, restart or SOI.
SEGMENT = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9

Image.MAX_IMAGE_PIXELS = max(MAX_PIXELS.values())


class Refused(Exception):
    """The file is not accepted; `code` says why and `decoder` maps it to an error."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def opened(data: bytes) -> Image.Image:
    """The picture, its pixels still coded; raises `Refused`, or what Pillow raises of damage."""
    if not data:
        raise Refused("empty")
    if len(data) > MAX_BYTES:
        raise Refused("too_large")
    kind = _kind(data)
    if kind == "JPEG":
        _refuse_costly(data)
    image = Image.open(BytesIO(data), formats=(kind,))
    if image.width * image.height > MAX_PIXELS[kind]:
        raise Refused("too_many_pixels")
    if image.format == "MPO":
        # The other pictures in it are gain maps or the second eye; the first one is the photo.
        image.format = kind
    elif getattr(image, "n_frames", 1) != 1:
        raise Refused("animated")
    return image


def _kind(data: bytes) -> str:
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    raise Refused("type_refused")


def _refuse_costly(jpeg: bytes) -> None:
    """Walk the segments of the first picture as a decoder does, and count.

    Each scan makes the decoder pass over the whole picture. Counting the bytes FF DA instead
    would refuse motion photos, whose film behind the picture holds them by chance.
    """
    scans = position = 0
    for _ in range(MAX_SEGMENTS):
        marker = SEGMENT.search(jpeg, position)
        if marker is None or jpeg[marker.end() - 1] == END_OF_IMAGE:
            return
        scans += jpeg[marker.end() - 1] == START_OF_SCAN
        if scans > MAX_SCANS:
            break
        position = marker.end() + int.from_bytes(jpeg[marker.end() : marker.end() + 2])
    raise Refused("too_costly")
