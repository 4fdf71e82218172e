"""Photos to upload: 1080x1440, about 300 KB, made of noise; and the form they are sent in."""

import io
import random
import time

from PIL import Image

BOUNDARY = b"bench-7MA4YWxkTrZu0gW"
WIDTH, HEIGHT, PHOTO_BYTES = 1080, 1440, 300_000


def picture(seed: int) -> bytes:
    """A JPEG of 1080x1440 and about 300 KB: blurred noise, grain on it, quality 80."""
    source = random.Random(seed)
    small = Image.frombytes("RGB", (27, 36), source.randbytes(27 * 36 * 3))
    base = small.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    grain = Image.effect_noise((WIDTH, HEIGHT), 100).convert("RGB")
    low, high, best = 0.0, 1.0, b""
    for _ in range(9):
        share = (low + high) / 2
        out = io.BytesIO()
        Image.blend(base, grain, share).save(out, "JPEG", quality=80)
        best = out.getvalue()
        low, high = (share, high) if len(best) < PHOTO_BYTES else (low, share)
    return best


def form(jpeg: bytes) -> bytes:
    """A multipart body with one file."""
    head = (
        b"--" + BOUNDARY + b'\r\ncontent-disposition: form-data; name="file"; filename="p.jpg"'
        b"\r\ncontent-type: image/jpeg\r\n\r\n"
    )
    return head + jpeg + b"\r\n--" + BOUNDARY + b"--\r\n"


def bare_steps(seconds: float) -> tuple[list[float], float, float]:
    """Pillow's bare steps for one upload again and again: decode, thumbnail, encode both.

    Gives the milliseconds of each, and the seconds and CPU seconds of all.
    """
    data, milliseconds = picture(0), []
    started, cpu = time.perf_counter(), time.process_time()
    while time.perf_counter() < started + seconds:
        before = time.perf_counter()
        image = Image.open(io.BytesIO(data), formats=("JPEG",))
        image.load()
        thumb = image.copy()
        thumb.thumbnail((480, 480))
        image.save(io.BytesIO(), "JPEG", quality=82)
        thumb.save(io.BytesIO(), "JPEG", quality=78)
        milliseconds.append((time.perf_counter() - before) * 1000)
    return milliseconds, time.perf_counter() - started, time.process_time() - cpu
