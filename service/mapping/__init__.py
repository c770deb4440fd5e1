"""Mappings: from a payload to the fields of CMS items. A user's mappings.py imports from here."""

from service.mapping.base import Mapping as Mapping
from service.mapping.currencies import MinorUnits as MinorUnits
from service.mapping.fields import Color as Color
from service.mapping.fields import File as File
from service.mapping.fields import Image as Image
from service.mapping.fields import Link as Link
from service.mapping.fields import MultiImage as MultiImage
from service.mapping.fields import MultiReference as MultiReference
from service.mapping.fields import Option as Option
from service.mapping.fields import Phone as Phone
from service.mapping.fields import Reference as Reference
from service.mapping.fields import RichText as RichText
from service.mapping.fields import VideoLink as VideoLink
from service.mapping.html_text import PlainText as PlainText
from service.mapping.lookup import Lookup as Lookup
from service.mapping.times import EpochDays as EpochDays
from service.mapping.times import Timestamp as Timestamp

# Else "from service.mapping import *" in a mappings.py would put our module "fields" in the place
# of marshmallow's.
__all__ = [name for name, value in globals().items() if isinstance(value, type)]
