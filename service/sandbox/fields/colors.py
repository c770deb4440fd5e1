"""
The colours that the CMS accepts: hex, rgb(), hsl() and CSS names.

https://developers.webflow.com/data/reference/field-types-item-values
https://www.w3.org/TR/css-color-4/#named-colors
"""

from __future__ import annotations

import re

_NAMES = frozenset(
    re.findall(
        r"\w+",
        """
    aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet
    brown burlywood cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan
    darkblue darkcyan darkgoldenrod darkgray darkgreen darkgrey darkkhaki darkmagenta
    darkolivegreen darkorange darkorchid darkred darksalmon darkseagreen darkslateblue
    darkslategray darkslategrey darkturquoise darkviolet deeppink deepskyblue dimgray dimgrey
    dodgerblue firebrick floralwhite forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray
    green greenyellow grey honeydew hotpink indianred indigo ivory khaki lavender lavenderblush
    lawngreen lemonchiffon lightblue lightcoral lightcyan lightgoldenrodyellow lightgray
    lightgreen lightgrey lightpink lightsalmon lightseagreen lightskyblue lightslategray
    lightslategrey lightsteelblue lightyellow lime limegreen linen magenta maroon mediumaquamarine
    mediumblue mediumorchid mediumpurple mediumseagreen mediumslateblue mediumspringgreen
    mediumturquoise mediumvioletred midnightblue mintcream mistyrose moccasin navajowhite navy
    oldlace olive olivedrab orange orangered orchid palegoldenrod palegreen paleturquoise
    palevioletred papayawhip peachpuff peru pink plum powderblue purple rebeccapurple red
    rosybrown royalblue saddlebrown salmon sandybrown seagreen seashell sienna silver skyblue
    slateblue slategray slategrey snow springgreen steelblue tan teal thistle tomato transparent
    turquoise violet wheat white whitesmoke yellow yellowgreen
    """,
    )
)
_HEX = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})", re.IGNORECASE)
_NUMBER = r"[-+]?[0-9]*\.?[0-9]+"
_FUNCTION = re.compile(
    rf"(?:rgb|hsl)a?\(\s*{_NUMBER}(?:deg|%)?(?:\s*[,\s]\s*{_NUMBER}%?){{2}}"
    rf"(?:\s*[,/]\s*{_NUMBER}%?)?\s*\)",
    re.IGNORECASE,
)


_LONGEST = 100  # characters; no notation is longer


def is_color(text: str) -> bool:
    """Tell whether *text* is a colour in one of these notations."""
    if len(text) > _LONGEST:
        return False
    return bool(_HEX.fullmatch(text) or _FUNCTION.fullmatch(text)) or text.lower() in _NAMES
