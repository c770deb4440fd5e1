"""What the API and the console serve from."""

from __future__ import annotations

from dataclasses import dataclass

from service.config.build import Configuration
from workers.delivery.context import Context


@dataclass(frozen=True, slots=True)
class Parts:
    configuration: Configuration
    context: Context
