"""
Parse CSS colours into red, green, blue and alpha.

The CMS takes ``#RGB #RGBA #RRGGBB #RRGGBBAA rgb() rgba() hsl() hsla()``, names and ``transparent``,
and may answer in another notation.

https://developers.webflow.com/data/reference/field-types-item-values
https://www.w3.org/TR/css-color-4/
"""

from __future__ import annotations

import colorsys
import re
from functools import cache

Color = tuple[float, float, float, float]  # red, green, blue, alpha: each 0 to 255

_NAMES = """
aliceblue f0f8ff antiquewhite faebd7 aqua 00ffff aquamarine 7fffd4 azure f0ffff beige f5f5dc
bisque ffe4c4 black 000000 blanchedalmond ffebcd blue 0000ff blueviolet 8a2be2 brown a52a2a
burlywood deb887 cadetblue 5f9ea0 chartreuse 7fff00 chocolate d2691e coral ff7f50
cornflowerblue 6495ed cornsilk fff8dc crimson dc143c cyan 00ffff darkblue 00008b darkcyan 008b8b
darkgoldenrod b8860b darkgray a9a9a9 darkgreen 006400 darkgrey a9a9a9 darkkhaki bdb76b
darkmagenta 8b008b darkolivegreen 556b2f darkorange ff8c00 darkorchid 9932cc darkred 8b0000
darksalmon e9967a darkseagreen 8fbc8f darkslateblue 483d8b darkslategray 2f4f4f
darkslategrey 2f4f4f darkturquoise 00ced1 darkviolet 9400d3 deeppink ff1493 deepskyblue 00bfff
dimgray 696969 dimgrey 696969 dodgerblue 1e90ff firebrick b22222 floralwhite fffaf0
forestgreen 228b22 fuchsia ff00ff gainsboro dcdcdc ghostwhite f8f8ff gold ffd700 goldenrod daa520
gray 808080 green 008000 greenyellow adff2f grey 808080 honeydew f0fff0 hotpink ff69b4
indianred cd5c5c indigo 4b0082 ivory fffff0 khaki f0e68c lavender e6e6fa lavenderblush fff0f5
lawngreen 7cfc00 lemonchiffon fffacd lightblue add8e6 lightcoral f08080 lightcyan e0ffff
lightgoldenrodyellow fafad2 lightgray d3d3d3 lightgreen 90ee90 lightgrey d3d3d3 lightpink ffb6c1
lightsalmon ffa07a lightseagreen 20b2aa lightskyblue 87cefa lightslategray 778899
lightslategrey 778899 lightsteelblue b0c4de lightyellow ffffe0 lime 00ff00 limegreen 32cd32
linen faf0e6 magenta ff00ff maroon 800000 mediumaquamarine 66cdaa mediumblue 0000cd
mediumorchid ba55d3 mediumpurple 9370db mediumseagreen 3cb371 mediumslateblue 7b68ee
mediumspringgreen 00fa9a mediumturquoise 48d1cc mediumvioletred c71585 midnightblue 191970
mintcream f5fffa mistyrose ffe4e1 moccasin ffe4b5 navajowhite ffdead navy 000080 oldlace fdf5e6
olive 808000 olivedrab 6b8e23 orange ffa500 orangered ff4500 orchid da70d6 palegoldenrod eee8aa
palegreen 98fb98 paleturquoise afeeee palevioletred db7093 papayawhip ffefd5 peachpuff ffdab9
peru cd853f pink ffc0cb plum dda0dd powderblue b0e0e6 purple 800080 rebeccapurple 663399
red ff0000 rosybrown bc8f8f royalblue 4169e1 saddlebrown 8b4513 salmon fa8072 sandybrown f4a460
seagreen 2e8b57 seashell fff5ee sienna a0522d silver c0c0c0 skyblue 87ceeb slateblue 6a5acd
slategray 708090 slategrey 708090 snow fffafa springgreen 00ff7f steelblue 4682b4 tan d2b48c
teal 008080 thistle d8bfd8 tomato ff6347 transparent 00000000 turquoise 40e0d0 violet ee82ee
wheat f5deb3 white ffffff whitesmoke f5f5f5 yellow ffff00 yellowgreen 9acd32
"""
_HEX = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_CALL = re.compile(r"(rgb|hsl)a?\(([^()]{1,100})\)")
_PART = re.compile(r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(%|deg|)")


@cache
def _names() -> dict[str, str]:
    words = _NAMES.split()
    return dict(zip(words[::2], words[1::2], strict=True))


def parse(text: str) -> Color | None:
    """Parse a CSS colour; None if *text* is not one."""
    text = text.strip().lower()
    text = f"#{_names()[text]}" if text in _names() else text
    if _HEX.fullmatch(text):
        digits = text[1:]
        if len(digits) <= 4:
            digits = "".join(2 * digit for digit in digits)
        red, green, blue, alpha = bytes.fromhex(digits.ljust(8, "f"))
        return float(red), float(green), float(blue), float(alpha)
    call = _CALL.fullmatch(text)
    return _called(call[1], re.split(r"[\s,/]+", call[2].strip())) if call else None


def _called(function: str, words: list[str]) -> Color | None:
    parts = [match.groups() for match in map(_PART.fullmatch, words) if match]
    if len(parts) != len(words) or len(parts) not in (3, 4):
        return None
    first, second, third = ((float(number), unit) for number, unit in parts[:3])
    alpha = _scaled(*parts[3], whole=1.0) if len(parts) == 4 else 255.0
    if function == "rgb":
        red, green, blue = (
            _scaled(str(n), unit, whole=255.0) for n, unit in (first, second, third)
        )
        return red, green, blue, alpha
    shares = [min(max(n, 0.0), 100.0) / 100 for n, _ in (second, third)]
    tones = colorsys.hls_to_rgb((first[0] % 360) / 360, shares[1], shares[0])
    return tones[0] * 255, tones[1] * 255, tones[2] * 255, alpha


def _scaled(number: str, unit: str, *, whole: float) -> float:
    """Scale *number* from 0 to *whole* (or 100 %) to 0 to 255."""
    return min(max(float(number) / (100.0 if unit == "%" else whole), 0.0), 1.0) * 255


def same_color(one: Color, other: Color) -> bool:
    """Tell whether two colours are equal, allowing for rounding to integers."""
    return all(abs(a - b) < 0.6 for a, b in zip(one, other, strict=True))
