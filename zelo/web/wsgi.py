"""The WSGI application that Granian serves."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from zelo.adapters import traces

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zelo.settings")
application = get_wsgi_application()
traces.begin("serve")
