"""
Mappings: from a payload to the fields of CMS items. What a user's mappings.py imports stands here.
"""

from service.mapping.base import Mapping
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

# Without it, "from service.mapping import *" in a mappings.py would put our module "fields" in
# the place of marshmallow's.
__all__ = [
    "Color",
    "File",
    "Image",
    "Link",
    "Mapping",
    "MultiImage",
    "MultiReference",
    "Option",
    "Phone",
    "Reference",
    "RichText",
    "VideoLink",
]
