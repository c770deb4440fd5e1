"""
Mappings: from a payload to the fields of CMS items. What a user's mappings.py imports stands here.
"""

from service.mapping.base import Mapping
from service.mapping.currencies import MinorUnits
from service.mapping.fields import (
    Color,
    File,
    Image,
    Link,
    MultiImage,
    MultiReference,
    Option,
    Phone,
    Reference,
    RichText,
    VideoLink,
)
from service.mapping.html_text import PlainText
from service.mapping.lookup import Lookup
from service.mapping.times import EpochDays, Timestamp

# Without it, "from service.mapping import *" in a mappings.py would put our module "fields" in
# the place of marshmallow's.
__all__ = [
    "Color",
    "EpochDays",
    "File",
    "Image",
    "Link",
    "Lookup",
    "Mapping",
    "MinorUnits",
    "MultiImage",
    "MultiReference",
    "Option",
    "Phone",
    "PlainText",
    "Reference",
    "RichText",
    "Timestamp",
    "VideoLink",
]
