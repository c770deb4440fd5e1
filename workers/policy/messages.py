"""
The meaning of error messages where the status does not tell.

The patterns come from the documentation, recordings and reports, and cover similar wordings; each
stands for one kind of cause. They ignore case.
"""

from __future__ import annotations

import re

from workers.webflow.item_answers import Answer

# The plan: no room for another item.
NO_ROOM = (
    r"\bcurrent plan\b|\bplan limit|\b(?:item|record|cms) limit|\blimit of (?:\d+ )?(?:cms )?items"
    r"|\bmax(?:imum)?(?: number of)? (?:cms )?items|\bcreated all the items"
    r"|\bupgrade (?:your|the|this) (?:plan|site|workspace)"
)
# The whole collection: nothing can be written until the site is published.
NOT_PUBLISHED = (
    r"(?:structure|schema) (?:has |was )?(?:been )?changed"
    r"|\bsite\b[^.]*?(?:\bnot\b|n't|\bnever\b)[^.]*?\bpublish"
    r"|published to (?:only some|multiple) domains"
)
# One item: its live copy cannot be written.
HELD_BACK = r"never been published|not (?:been |yet )*published|\bunpublished|\bdraft|\barchived"
NO_COLLECTION = r"^(?!.*\bitems?\b).*\b(?:collection|site)\b"
# The URL: nothing is served there, whatever the item.
NO_ROUTE = (
    r"\broutes? (?:was |is )?not found|\bno such (?:route|endpoint)|\bunknown (?:route|endpoint)"
    r"|\bendpoint (?:was |is |does )?not (?:found|exist)|^cannot (?:get|patch|post|put|delete) /"
)
# The version of the API, for all items.
OLD_VERSION = (
    r"\bsunset|\b(?:api|auth\w*|accept)[ -]version\b|\bversion of (?:the|this|our) api\b"
    r"|\b(?:api|endpoint|version)\b.*\b(?:no longer|deprecated|discontinued|retired|removed"
    r"|shut ?down|switched off|not supported|unsupported)\b"
    r"|\b(?:no longer|deprecated|discontinued|unsupported|invalid|unknown)\b.*\b(?:api|version)\b"
)
# The credentials, for all items.
NO_AUTHORISATION = (
    r"\b(?:un)?authenticat|\b(?:un)?authori[sz]|\boauth"
    r"|\b(?:access|api|bearer)[ -](?:token|key)\b|\binvalid (?:token|credential)"
    r"|\bmissing (?:the )?(?:following |required )?(?:scope|permission)"
)
# A file to be imported.
FILE = (
    r"\b(?:files?|images?|pictures?|photos?|videos?|assets?|attachments?|thumbnails?|media)\b"
    r"|\bmime\b|\bcontent[- ]type\b|\bimport(?:ed|ing)?\b|\bfile(?:type|name|size|id)s?\b"
)
# A quotation is a value, not the CMS's words; the apostrophe of "can't" opens none.
_QUOTED = re.compile(r"(?<!\w)'[^']*'(?!\w)|\"[^\"]*\"")

VERSION_NAMES = r"\w*version\w*|\w*sunset\w*|\w*deprecat\w*|not_?implemented|gone"
AUTHORISATION_NAMES = (
    r"\w*auth(?!or_)(?:\w*)|\w*credential\w*|\w*scopes?|\w*_?token_?\w*|forbidden\w*"
)
RATE_NAMES = r"\w*rate_?limit\w*|too_?many_?requests\w*"
PUBLISH_NAMES = r"collection_?schema_?changed\w*|inconsistent_?publications?\w*"


def says(words: str, text: str) -> bool:
    """Tell whether *text* matches *words*, one of the patterns above."""
    return bool(re.search(words, text, re.IGNORECASE))


def is_named(names: str, code: str | None) -> bool:
    """Tell whether *code* (v2), or the error's name (v1), matches *names*."""
    return bool(re.fullmatch(names, code or "", re.IGNORECASE))


def said_in(answer: Answer) -> str:
    """Return the message about the request as a whole, without field errors."""
    texts = [answer.message, *(problem.message for problem in answer.problems if not problem.path)]
    return "; ".join(text for text in texts if text)


def names_field(answer: Answer) -> bool:
    """Tell whether the CMS refuses particular fields."""
    return any(problem.path for problem in answer.problems)


def unquoted(text: str) -> str:
    """Remove quoted values from *text*."""
    return _QUOTED.sub("", text)


def speaks_of_file(answer: Answer) -> bool:
    """Tell whether the error is about a file to be imported."""
    return says(FILE, unquoted(said_in(answer)))
