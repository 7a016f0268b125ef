"""Puts the design's classes on the inputs of forms."""

from __future__ import annotations

from django import template
from django.forms import BoundField
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def classed(field: BoundField) -> SafeString:
    """Draw a field's input in the console's style, tied to its hint and its errors."""
    attributes = {}
    if not field.use_fieldset:
        attributes["class"] = "input"
    if field.errors:
        attributes["aria-invalid"] = "true"
    return field.as_widget(attrs=attributes)
