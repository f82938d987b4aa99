# SPDX-License-Identifier: GPL-2.0-or-later
"""Depth over time as an SVG: strokes as points, set depth and limit as lines."""

WIDTH, HEIGHT = 960, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 40, 48


def depth_svg(strokes, set_um, limit_um, how="Measured"):
    """strokes: [[number, mono_ns, depth_um, period_us, current_ma], ...], in order."""
    first_ns = strokes[0][1]
    seconds = max((strokes[-1][1] - first_ns) / 1e9, 0.1)
    most_um = max([limit_um] + [s[2] for s in strokes]) * 1.05

    def x(at_s):
        return LEFT + (WIDTH - LEFT - RIGHT) * at_s / seconds

    def y(um):
        return TOP + (HEIGHT - TOP - BOTTOM) * um / most_um

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
           f'<text x="{LEFT}" y="20" font-size="15">{how} depth of {len(strokes):,} strokes '
           'over time</text>']
    for um in range(0, int(most_um) + 1, 250):
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(um):.1f}" y2="{y(um):.1f}" '
                   'stroke="#ddd"/>')
        out.append(f'<text x="{LEFT - 8}" y="{y(um) + 4:.1f}" text-anchor="end">'
                   f'{um / 1000:.2f}</text>')
    out.append(f'<text x="12" y="{(TOP + HEIGHT - BOTTOM) / 2}" text-anchor="middle" '
               f'transform="rotate(-90 16 {(TOP + HEIGHT - BOTTOM) / 2})">depth in mm</text>')
    step = next(s for s in (0.5, 1, 2, 5, 10, 20, 60, 300) if seconds / s <= 16)
    tick = 0.0
    while tick <= seconds:
        out.append(f'<text x="{x(tick):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
                   f'{tick:g}</text>')
        tick += step
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">'
               'seconds since the first stroke</text>')
    for um, colour, name in ((limit_um, "#c00", "limit"), (set_um, "#06c", "set")):
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(um):.1f}" y2="{y(um):.1f}" '
                   f'stroke="{colour}" stroke-dasharray="6 3"/>')
        out.append(f'<text x="{WIDTH - RIGHT - 4}" y="{y(um) + 14:.1f}" fill="{colour}" '
                   f'text-anchor="end">{name} {um / 1000:.2f} mm</text>')
    for _, at_ns, um, _, _ in strokes:
        deep = um > set_um + 150
        out.append(f'<circle cx="{x((at_ns - first_ns) / 1e9):.1f}" cy="{y(um):.1f}" '
                   f'r="{4 if deep else 1.3}" fill="{"#c00" if deep else "#333"}"/>')
    out.append("</svg>")
    return "\n".join(out) + "\n"
