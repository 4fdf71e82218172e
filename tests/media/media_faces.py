"""A real face, by itself and in a street."""

from io import BytesIO
from pathlib import Path

from PIL import Image, ImageStat

PHOTOS = Path(__file__).with_name("photos")
FACE = Image.open(PHOTOS / "astronaut_face.jpg")
# Where brow, cheeks and chin are in it, and with most of the hair: x, y, width, height.
BARE, HAIRY = (78, 63, 90, 113), (55, 35, 140, 170)
AT = (700, 100)

Box = tuple[int, int, int, int]


def street(face: Image.Image | None = FACE, at: tuple[int, int] = AT) -> bytes:
    """A photo of a street (1012 x 759 px), with a face at a place."""
    road = Image.open(PHOTOS / "pixel_road.jpg")
    if face is not None:
        road.paste(face, at)
    out = BytesIO()
    road.save(out, "JPEG", quality=92)
    return out.getvalue()


def moved(box: Box, at: tuple[int, int] = AT) -> Box:
    return (box[0] + at[0], box[1] + at[1], box[2], box[3])


def holds(outer: Box, inner: Box) -> bool:
    """Whether all of one box lies in the other."""
    return all(
        outer[side] <= inner[side]
        and inner[side] + inner[side + 2] <= outer[side] + outer[side + 2]
        for side in (0, 1)
    )


def contrast(data: bytes, box: Box, scale: float = 1.0) -> float:
    """How much is to be seen in a box: the widest spread of a colour, 0-127.

    What JPEG lets bleed over the box's edge is left out.
    """
    x, y, w, h = (side * scale for side in box)
    edge = 8
    part = Image.open(BytesIO(data)).convert("RGB")
    part = part.crop((int(x) + edge, int(y) + edge, int(x + w) - edge, int(y + h) - edge))
    return max(ImageStat.Stat(part).stddev)
