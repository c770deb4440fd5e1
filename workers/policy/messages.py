"""
What the CMS means by the words of a refusal, where its status does not say it. Pure.

The words are those of the documentation, of recordings and of reports, and others like them: each
pattern stands for a kind of cause, and is looked for without regard to case.
"""

from __future__ import annotations

import re

from workers.webflow.item_answers import Answer

# Of the plan: there is no room for another item, whoever it is.
NO_ROOM = (
    r"\bcurrent plan\b|\bplan limit|\b(?:item|record|cms) limit|\blimit of (?:\d+ )?(?:cms )?items"
    r"|\bmax(?:imum)?(?: number of)? (?:cms )?items|\bcreated all the items"
    r"|\bupgrade (?:your|the|this) (?:plan|site|workspace)"
)
# Of a whole collection: no item can be written until somebody publishes the site.
NOT_PUBLISHED = (
    r"(?:structure|schema) (?:has |was )?(?:been )?changed"
    r"|\bsite\b[^.]*?(?:\bnot\b|n't|\bnever\b)[^.]*?\bpublish"
    r"|published to (?:only some|multiple) domains"
)
# Of one item: its live copy is not to be written.
HELD_BACK = r"never been published|not (?:been |yet )*published|\bunpublished|\bdraft|\barchived"
NO_COLLECTION = r"^(?!.*\bitems?\b).*\b(?:collection|site)\b"
# Of the address: nothing is served there, whatever item it names.
NO_ROUTE = (
    r"\broutes? (?:was |is )?not found|\bno such (?:route|endpoint)|\bunknown (?:route|endpoint)"
    r"|\bendpoint (?:was |is |does )?not (?:found|exist)|^cannot (?:get|patch|post|put|delete) /"
)
# Of the version of the API, which ends for all items alike.
OLD_VERSION = (
    r"\bsunset|\b(?:api|auth\w*|accept)[ -]version\b|\bversion of (?:the|this|our) api\b"
    r"|\b(?:api|endpoint|version)\b.*\b(?:no longer|deprecated|discontinued|retired|removed"
    r"|shut ?down|switched off|not supported|unsupported)\b"
    r"|\b(?:no longer|deprecated|discontinued|unsupported|invalid|unknown)\b.*\b(?:api|version)\b"
)
# Of who asks, which is the same for all items.
NO_AUTHORISATION = (
    r"\b(?:un)?authenticat|\b(?:un)?authori[sz]|\boauth"
    r"|\b(?:access|api|bearer)[ -](?:token|key)\b|\binvalid (?:token|credential)"
    r"|\bmissing (?:the )?(?:following |required )?(?:scope|permission)"
)
# Of a file that was to be imported.
FILE = (
    r"\b(?:files?|images?|pictures?|photos?|videos?|assets?|attachments?|thumbnails?|media)\b"
    r"|\bmime\b|\bcontent[- ]type\b|\bimport(?:ed|ing)?\b|\bfile(?:type|name|size|id)s?\b"
)
# A quotation is somebody's value; the apostrophe of "can't" begins none.
_QUOTED = re.compile(r"(?<!\w)'[^']*'(?!\w)|\"[^\"]*\"")

VERSION_NAMES = r"\w*version\w*|\w*sunset\w*|\w*deprecat\w*|not_?implemented|gone"
AUTHORISATION_NAMES = (
    r"\w*auth(?!or_)(?:\w*)|\w*credential\w*|\w*scopes?|\w*_?token_?\w*|forbidden\w*"
)
RATE_NAMES = r"\w*rate_?limit\w*|too_?many_?requests\w*"
PUBLISH_NAMES = r"collection_?schema_?changed\w*|inconsistent_?publications?\w*"


def says(words: str, text: str) -> bool:
    """Tell whether *text* says what *words*, one of the patterns above, stands for."""
    return bool(re.search(words, text, re.IGNORECASE))


def is_named(names: str, code: str | None) -> bool:
    """Tell whether *code* (v2), or an error's name (v1), is one of *names*."""
    return bool(re.fullmatch(names, code or "", re.IGNORECASE))


def said_in(answer: Answer) -> str:
    """Return what the CMS says of the request as a whole: its message, and what names no field."""
    texts = [answer.message, *(problem.message for problem in answer.problems if not problem.path)]
    return "; ".join(text for text in texts if text)


def names_field(answer: Answer) -> bool:
    """Tell whether the CMS says of a field that it is refused."""
    return any(problem.path for problem in answer.problems)


def unquoted(text: str) -> str:
    """Return *text* without the values that it repeats."""
    return _QUOTED.sub("", text)


def speaks_of_file(answer: Answer) -> bool:
    """Tell whether a refusal is about a file that was to be imported."""
    return says(FILE, unquoted(said_in(answer)))
