"""The mappings that read a pull."""

from __future__ import annotations

from service.config.build import Configuration
from service.mapping.compiled import Rule
from workers.config.pull import Pull
from workers.errors import ConfigurationInvalid, Problem


def readers_of(configuration: Configuration, pull: Pull) -> tuple[Rule, ...]:
    """Return the mappings that read *pull*, if any."""
    return tuple(
        rule
        for rule in configuration.mappings.rules
        if rule.options.source == pull.name and rule.options.on_delete is None
    )


def rules_of(configuration: Configuration, pull: Pull) -> tuple[Rule, ...]:
    """Return ``readers_of`` these; raises ConfigurationInvalid if there is none."""
    if rules := readers_of(configuration, pull):
        return rules
    where = f"{configuration.settings.path}: pulls.{pull.name}"
    do = f'write one with Meta.source = "{pull.name}"'
    raise ConfigurationInvalid([Problem(where, "no mapping", "a mapping that reads it", do)])
