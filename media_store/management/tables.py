"""Tables: rows of words, in columns as wide as they need to be."""

from collections.abc import Sequence

from devices.management.output import shown


def lines(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: frozenset[int] = frozenset()) -> list[str]:
    """The lines of the table; the columns of `numbers` stand right."""
    rows = [[shown(word) for word in row] for row in rows]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return [_line(row, widths, numbers) for row in (head, *rows)]


def _line(row: Sequence[str], widths: Sequence[int], numbers: frozenset[int]) -> str:
    cells = (
        word.rjust(width) if column in numbers else word.ljust(width)
        for column, (word, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join(cells).rstrip()
