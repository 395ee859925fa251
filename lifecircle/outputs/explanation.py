"""What `explain` found, as lines on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click


def print_explanation(said: Mapping[str, Any], indent: str = "") -> None:
    """What `explain` found: a line for each fact, nested ones further in."""
    for key, value in said.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            click.echo(f"{indent}{key}:")
            for row in value:
                click.echo(f"{indent}  - " + ", ".join(f"{k}: {v}" for k, v in row.items()))
        elif isinstance(value, dict):
            click.echo(f"{indent}{key}:")
            print_explanation(value, indent + "  ")
        else:
            click.echo(f"{indent}{key}: {value}")
