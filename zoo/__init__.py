"""Hand-designed networks of the field's history, each with its card. One file a family; cards beside the builders."""

from zoo.registry import Entry, create, entries, entry, register, scalable

__all__ = ["Entry", "create", "entries", "entry", "register", "scalable"]
