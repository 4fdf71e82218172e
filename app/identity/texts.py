"""How a person is shown to those who need not know who it is."""


def masked_name(name: str) -> str:
    """The first character of a name and no more: `刘*`."""
    return name[:1] + "*"


def masked_phone(phone: str | None) -> str | None:
    """A phone number that its owner recognises and nobody can call: `138****8000`."""
    return f"{phone[:3]}****{phone[-4:]}" if phone else None
