"""Plots as SVG, written by hand: lines over a logarithmic axis, and bars. No libraries."""

import math
from html import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 50, 60
COLOURS = ["#1f6f8b", "#c8553d", "#588157", "#7b4b94", "#b08900", "#444444"]
FONT = 'font-family="sans-serif" font-size="12"'


def _nice_step(top):
    """About five steps of 1, 2 or 5 times a power of ten."""
    raw = top / 5
    power = 10 ** math.floor(math.log10(raw))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)


def _text(x, y, text, anchor="middle", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {FONT} {extra}>{escape(text)}</text>'


def _line(x1, y1, x2, y2, colour):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


class _Frame:
    """Title, axes and a grid from 0 to a little above the largest value."""

    def __init__(self, title, y_label, y_max, right):
        step = _nice_step(y_max or 1)
        self.y_top = step * math.ceil((y_max or 1) / step)
        self.parts = [_text(LEFT, 24, title, "start", 'font-weight="bold"'),
                      _text(16, HEIGHT / 2, y_label, "middle",
                            f'transform="rotate(-90 16 {HEIGHT / 2})"')]
        for i in range(round(self.y_top / step) + 1):
            y = self.y(i * step)
            self.parts.append(_line(LEFT, y, WIDTH - right, y, "#dddddd"))
            self.parts.append(_text(LEFT - 8, y + 4, f"{i * step:g}", "end"))

    def y(self, value):
        return HEIGHT - BOTTOM - value / self.y_top * (HEIGHT - TOP - BOTTOM)

    def write(self, path):
        head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
                f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>')
        path.write_text("\n".join([head, *self.parts, "</svg>\n"]))


def lines(path, title, x_label, y_label, series):
    """series: name -> list of (x, y), x > 0, drawn over log2 x."""
    points = [point for line in series.values() for point in line]
    frame = _Frame(title, y_label, max(y for _, y in points), RIGHT)
    xs = sorted({x for x, _ in points})
    low, high = math.log2(xs[0]), math.log2(xs[-1])

    def at(x):
        return LEFT + (math.log2(x) - low) / ((high - low) or 1) * (WIDTH - LEFT - RIGHT)

    for x in xs:
        frame.parts.append(_text(at(x), HEIGHT - BOTTOM + 18, f"{x:g}"))
    frame.parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 18, x_label))
    for i, (name, line) in enumerate(series.items()):
        colour = COLOURS[i % len(COLOURS)]
        path_points = " ".join(f"{at(x):.1f},{frame.y(y):.1f}" for x, y in sorted(line))
        frame.parts.append(f'<polyline points="{path_points}" fill="none" stroke="{colour}" '
                           'stroke-width="2"/>')
        frame.parts += [f'<circle cx="{at(x):.1f}" cy="{frame.y(y):.1f}" r="3" fill="{colour}"/>'
                        for x, y in line]
        y = TOP + 20 * i
        frame.parts.append(_line(WIDTH - RIGHT + 14, y, WIDTH - RIGHT + 34, y, colour))
        frame.parts.append(_text(WIDTH - RIGHT + 40, y + 4, name, "start"))
    frame.write(path)


def bars(path, title, y_label, values):
    """values: name -> number, in the order to draw."""
    frame = _Frame(title, y_label, max(values.values()), 30)
    width = (WIDTH - LEFT - 30) / len(values)
    for i, (name, value) in enumerate(values.items()):
        x = LEFT + width * i + width * 0.15
        frame.parts.append(f'<rect x="{x:.1f}" y="{frame.y(value):.1f}" width="{width * 0.7:.1f}" '
                           f'height="{HEIGHT - BOTTOM - frame.y(value):.1f}" '
                           f'fill="{COLOURS[i % len(COLOURS)]}"/>')
        frame.parts.append(_text(x + width * 0.35, frame.y(value) - 6, f"{value:.3g}"))
        frame.parts.append(_text(x + width * 0.35, HEIGHT - BOTTOM + 18, name))
    frame.write(path)
