"""Objects by their names."""

from aiida.engine.persistence import ObjectLoader, get_object_loader

DefaultObjectLoader = ObjectLoader

__all__ = ("DefaultObjectLoader", "ObjectLoader", "get_object_loader")
