"""What must hold of every lock's line over time."""

from facelatch.keeping.releases import LONGEST_NS, REST_NS


def check_rows(trace: list[tuple[int, bool]]) -> None:
    """No two moments of release without a rest between them lie farther apart than the bound."""
    began: int | None = None
    secured: int | None = 0
    for now, is_released in trace:
        if is_released and began is None:
            began = now
        if began is not None and is_released:
            if secured is not None and now - secured >= REST_NS:
                began = now
            assert now - began < LONGEST_NS
            secured = None
        elif began is not None and secured is None:
            assert now - began <= LONGEST_NS
            secured = now
