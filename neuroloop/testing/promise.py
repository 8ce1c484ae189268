"""How a check says that a part breaks a promise of its port."""


class ContractError(AssertionError):
    """A part does not do what its port promises."""


def promise(kept: object, words: str) -> None:
    """Raise `ContractError` with the promise in words unless it was kept."""
    if not kept:
        raise ContractError(words)
