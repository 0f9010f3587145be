"""What a figure says instead of showing something."""

from matplotlib.backends.backend_agg import FigureCanvasAgg


def reason(figure):
    """The only text of a figure without plots, as one line; all of it lies within the figure."""
    assert not figure.axes
    (text,) = figure.texts
    FigureCanvasAgg(figure).draw()
    corners = text.get_window_extent().corners()
    assert figure.bbox.count_contains(corners) == len(corners), f"cut off: {text.get_text()}"
    return " ".join(text.get_text().split())
