"""Turns an uploaded file into two clean pictures and a few facts; pure.

`child` runs it in a process of its own. It imports Pillow and the standard library only, so that
a child starts quickly, stays small and holds nothing worth stealing.
"""

import hashlib
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO

from PIL import Image, ImageCms

from app.media.pixels import exif
from app.media.pixels.opening import Refused, opened

DISPLAY_SIDE, DISPLAY_QUALITY = 1600, 82
THUMB_SIDE, THUMB_QUALITY = 480, 78
BAND_PIXELS = 2_000_000
HASH_SIDE = 8

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SWAPS_SIDES = 5  # from this orientation on, width and height change places
Box = tuple[int, int, int, int]  # x, y, width, height
Find = Callable[[Image.Image], list[Box]]  # what is to be covered besides
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@dataclass(frozen=True, slots=True)
class Developed:
    """A photo made clean: `display` and `thumb` are upright sRGB JPEGs without metadata.

    `width` and `height` are the original's pixels, upright. `taken_at` is ISO 8601 with an offset;
    `lat` and `lng` are WGS-84 degrees; all three are the camera's word, not the truth.
    """

    content_type: str
    width: int
    height: int
    taken_at: str | None
    lat: float | None
    lng: float | None
    sha256: str
    dhash: str
    display: bytes = field(repr=False)
    thumb: bytes = field(repr=False)


def develop(data: bytes) -> Developed:
    """Check, decode, turn upright and strip one photo; raises `Refused` and nothing else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _develop(data)
        except Refused:
            raise
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise Refused("too_many_pixels") from error
        except MemoryError as error:
            raise Refused("too_costly") from error
        except Exception as error:
            # Pillow answers damage with OSError, ValueError, SyntaxError, KeyError, EOFError, ..
            raise Refused("unreadable") from error


def covered(
    display: bytes, boxes: Sequence[Box], find: Find | None = None
) -> tuple[bytes, bytes, list[Box]]:
    """A derivative of ours with boxes filled, the thumb of that, and the boxes found and filled.

    Each box becomes its mean colour: of a coarse mosaic letters can be read again, of this nothing.
    Raises what Pillow and `find` raise.
    """
    image = Image.open(BytesIO(display), formats=("JPEG",))
    image.load()
    found = find(image) if find else []
    for x, y, width, height in (*boxes, *found):
        part = (x, y, min(x + width, image.width), min(y + height, image.height))
        mean = image.resize((1, 1), Image.Resampling.BOX, part)
        image.paste(mean.resize((part[2] - x, part[3] - y)), part)
    thumb = image.resize(_fit(image.size, THUMB_SIDE), reducing_gap=1.0)
    return _jpeg(image, DISPLAY_QUALITY), _jpeg(thumb, THUMB_QUALITY), found


def display_size(width: int, height: int) -> tuple[int, int]:
    """Of the display derivative of a photo with so many pixels, upright."""
    return _fit((width, height), DISPLAY_SIDE)


def dhash_distance(a: str, b: str) -> int:
    """Bits that differ, 0-64: up to 8 is the same picture, 9-12 deserves a look."""
    return (int(a, 16) ^ int(b, 16)).bit_count()


def _develop(data: bytes) -> Developed:
    image = opened(data)
    width, height = image.size
    shrunk = _shrunk(image)
    # Only now: reading EXIF first would hide a failed load (the second one passes silently).
    facts = exif.read(image)
    picture = _in_srgb(shrunk, image.info.get("icc_profile"))
    if facts.orientation in TURNS:
        picture = picture.transpose(TURNS[facts.orientation])
        if facts.orientation >= SWAPS_SIDES:
            width, height = height, width
    thumb = picture.resize(_fit(picture.size, THUMB_SIDE), reducing_gap=1.0)
    return Developed(
        content_type=f"image/{(image.format or '').lower()}",
        width=width,
        height=height,
        taken_at=facts.taken_at,
        lat=facts.lat,
        lng=facts.lng,
        sha256=hashlib.sha256(data).hexdigest(),
        dhash=_dhash(thumb),
        display=_jpeg(picture, DISPLAY_QUALITY),
        thumb=_jpeg(thumb, THUMB_QUALITY),
    )


def _fit(size: tuple[int, int], side: int) -> tuple[int, int]:
    scale = min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _shrunk(image: Image.Image) -> Image.Image:
    """The loaded picture in display size, flat, in the colours of its own profile."""
    target = _fit(image.size, DISPLAY_SIDE)
    image.draft(None, target)  # lets JPEG decode at 1/2, 1/4 or 1/8: a fraction of the work
    image.load()
    factor = max(image.size) // DISPLAY_SIDE
    flat = _reduced(image, factor) if factor > 1 else _flat(image)
    return flat.resize(target, reducing_gap=None)


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    """Flatten and shrink band by band, so that a large picture is never held twice."""
    width, height = image.size
    rows = factor * max(1, BAND_PIXELS // (width * factor))
    bands = [
        _flat(image.crop((0, top, width, min(top + rows, height)))).reduce(factor)
        for top in range(0, height, rows)
    ]
    whole = Image.new(bands[0].mode, (bands[0].width, sum(band.height for band in bands)))
    for number, band in enumerate(bands):
        whole.paste(band, (0, number * rows // factor))
    return whole


def _flat(image: Image.Image) -> Image.Image:
    """8 bits, no palette, transparency on white; a plain picture passes as it is."""
    if image.mode == "I;16":
        # Pillow's own conversion clips everything above 255 to white.
        return image.point(lambda value: value * (1 / 257) + 0.5).convert("L")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(layer, mask=layer.getchannel("A"))
        return white
    return image if image.mode in {"L", "RGB", "CMYK"} else image.convert("RGB")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    # A broken profile, or one for other channels, is as good as none.
    with suppress(ImageCms.PyCMSError, OSError):
        source = ImageCms.ImageCmsProfile(BytesIO(profile or b""))
        if "sRGB" not in ImageCms.getProfileDescription(source):
            converted = ImageCms.profileToProfile(image, source, SRGB, outputMode="RGB")
            return converted or image.convert("RGB")
    return image.convert("RGB")


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    # Fresh pixels, because saving copies comments and more along from where they came.
    fresh = Image.new("RGB", picture.size)
    fresh.paste(picture)
    out = BytesIO()
    fresh.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _dhash(upright: Image.Image) -> str:
    """64 bits as 16 hex digits: is each cell of an 8 x 8 grid darker than its right neighbour?"""
    columns = HASH_SIDE + 1
    # Bicubic, because it told pictures apart and forgave compression better than box or Lanczos.
    cells = upright.convert("L").resize((columns, HASH_SIDE), Image.Resampling.BICUBIC).tobytes()
    bits = (cells[i] < cells[i + 1] for i in range(len(cells) - 1) if (i + 1) % columns)
    return f"{int(''.join('01'[bit] for bit in bits), 2):016x}"
