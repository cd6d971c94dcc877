"""What may be stored as an attribute or an extra."""

from aiida.orm.cleaning import check_key as validate_attribute_extra_key
from aiida.orm.cleaning import clean_value

__all__ = ("clean_value", "validate_attribute_extra_key")
