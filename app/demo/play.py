"""Playing the story."""


def play(*, once: bool, port: int) -> int:
    raise NotImplementedError
