"""What the report says, in order: each section's sentence, figures and tables."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """One section of the report.

    Parameters
    ----------
    title : str
        Heading.
    text : str
        What to look for, for a reader who has not read the papers.
    figures, tables : tuple of str
        Catalog names, shown in this order.
    """

    title: str
    text: str
    figures: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
