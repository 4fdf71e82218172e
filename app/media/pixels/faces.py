"""A child that also finds faces (YuNet, by OpenCV): a process of its own, loaded by no other.

It sees our own derivatives only, never what was uploaded.
"""

from importlib.resources import files
from typing import Any

import cv2
import numpy as np
from PIL import Image

from app.media.pixels import Box, child

MODEL = "face_detection_yunet_2023mar.onnx"
# YuNet was trained on faces of 10 to 300 px: what fills the picture is found in a small copy.
SCALES = (1, 4)
# Low, because a face that is overlooked is worse than a poster that is covered.
CERTAIN = 0.6
# Of two boxes that share more than this part of their area, the more certain one stays.
SAME = 0.3
AT_MOST = 1000
# A face's box ends at the brow and at the cheeks: so much of it more on each side has the hair in.
MARGIN = 1 / 3

Scored = tuple[float, float, float, float, float]  # x, y, width, height, certainty


def find(image: Image.Image) -> list[Box]:
    """Boxes in the picture (RGB) around its faces, with hair and chin; raises what OpenCV raises.

    Wu, Peng, Yu: YuNet, a tiny millisecond-level face detector (2023).
    """
    found = [face for scale in SCALES for face in _found(image, scale)]
    if not found:
        return []
    boxes, certain = [face[:4] for face in found], [face[4] for face in found]
    kept = cv2.dnn.NMSBoxes(boxes, certain, CERTAIN, SAME)
    return [_grown(boxes[number], image.size) for number in np.asarray(kept).flatten()]


def _found(image: Image.Image, scale: int) -> list[Scored]:
    small = image.reduce(scale)
    # Anew for each picture: what it took is given back.
    detector = cv2.FaceDetectorYN.create(
        "onnx", _MODEL, np.empty(0, np.uint8), small.size, CERTAIN, SAME, AT_MOST
    )
    blue_first = np.ascontiguousarray(np.asarray(small)[:, :, ::-1])
    rows: Any = detector.detect(blue_first)[1]
    if rows is None:
        return []
    return [
        (x * scale, y * scale, width * scale, height * scale, float(row[-1]))
        for row in rows
        for x, y, width, height in [map(float, row[:4])]
    ]


def _grown(box: Any, size: tuple[int, int]) -> Box:
    """The box with its margin, inside the picture and never empty."""
    x, y, width, height = box
    left = min(max(0, int(x - width * MARGIN)), size[0] - 1)
    top = min(max(0, int(y - height * MARGIN)), size[1] - 1)
    right = min(max(left + 1, round(x + width * (1 + MARGIN))), size[0])
    bottom = min(max(top + 1, round(y + height * (1 + MARGIN))), size[1])
    return left, top, right - left, bottom - top


cv2.setNumThreads(1)
_MODEL = np.frombuffer((files(__package__) / "yunet" / MODEL).read_bytes(), np.uint8)

if __name__ == "__main__":
    # Before the first photo: a machine on which this does not work is told so at its start.
    find(Image.new("RGB", (64, 64)))
    child.main(find)
