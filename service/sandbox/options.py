"""The options of ``instep sandbox``, and the site that they make."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from marshmallow import ValidationError

from service.sandbox.control.orders import arm, order_of, register, share
from service.sandbox.control.schemas import RulesOrder, TokenOrder, WebhookOrder
from service.sandbox.seeds.load_seeds import load_seeds
from service.sandbox.seeds.samples import seed_products
from service.sandbox.seeds.seed_files import read_seeds
from service.sandbox.site.site import Site
from service.sandbox.site.state_file import load

TOKEN = "sandbox-token"  # noqa: S105  # it opens nothing but the stand-in
PRODUCTS = 1000


class OptionRefused(Exception):
    """An invalid option: its name, what was found, what was expected."""


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """
    What the stand-in starts with.

    Args:
        products: Number; None: PRODUCTS, or none with seeds.
        seeds: Files of collections.
        state: File of the state; if it exists, seeds and products are ignored.
        rules: Each as ``lowers_emails=true``; they override those of a state.
        faults: Each as ``control.orders.order_of`` reads it.
        clock_offset: Seconds that the stand-in's clock is ahead.
        second_consumer: Percent of the budget that another consumer takes.
        webhook: URL that is notified of changes.
    """

    products: int | None = None
    token: str = TOKEN
    requests_per_minute: int = 60
    seeds: tuple[Path, ...] = ()
    state: Path | None = None
    rules: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    clock_offset: float = 0.0
    second_consumer: float = 0.0
    webhook: str | None = None
    webhook_secret: str | None = None
    webhook_triggers: tuple[str, ...] = ()
    webhook_retry: float | None = None


def open_site(options: SandboxOptions) -> Site:
    """
    Return the site that *options* describe.

    Raises:
        OptionRefused: A fault, the token or the webhook's URL is invalid.
        SeedRefused: A seed is invalid.
        StateRefused: The state cannot be read.
    """
    _check(options)
    site = Site(token=options.token, requests_per_minute=options.requests_per_minute, now=time.time)
    site.clock.offset = options.clock_offset
    if options.state is not None and options.state.exists():
        load(site, options.state)
    else:
        _fill(site, options)
    for words in options.rules:
        _rule(site, words)
    for words in options.faults:
        _arm(site, words)
    if options.second_consumer:
        site.tokens.hide(share(site.tokens.window(), options.second_consumer))
    if options.webhook_retry is not None:
        site.hooks.retry_seconds = options.webhook_retry
    if options.webhook is not None:
        register(site, options.webhook, options.webhook_secret, options.webhook_triggers or None)
    return site


def _fill(site: Site, options: SandboxOptions) -> None:
    products = options.products
    if products is None:
        products = 0 if options.seeds else PRODUCTS
    if products or not options.seeds:
        seed_products(site, products)
    load_seeds(site, [seed for path in options.seeds for seed in read_seeds(path)])


def _check(options: SandboxOptions) -> None:
    if wrong := TokenOrder(only=["token"]).validate({"token": options.token}):
        raise OptionRefused(
            f"--token: {_message(wrong['token'])}"
        )  # unquoted: it may be a real one
    if options.webhook is None:
        return
    if wrong := WebhookOrder(only=["url"]).validate({"url": options.webhook}):
        raise OptionRefused(f"--webhook {options.webhook!r}: {_message(wrong['url'])}")


def _rule(site: Site, words: str) -> None:
    name, _, value = words.partition("=")
    try:
        order = RulesOrder().load({name: value})
    except ValidationError as error:
        raise OptionRefused(f"--rule {words!r}: {_message(error.messages)}") from None
    site.rules = replace(site.rules, **order)


def _arm(site: Site, words: str) -> None:
    try:
        arm(site.faults, order_of(words))
    except ValidationError as error:
        raise OptionRefused(f"--fault {words!r}: {_message(error.messages)}") from None


def _message(messages: object) -> str:
    if isinstance(messages, dict):
        return "; ".join(f"{key}: {_message(value)}" for key, value in messages.items())
    if isinstance(messages, list):
        return " ".join(_message(one) for one in messages)
    return str(messages)
