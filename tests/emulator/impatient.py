"""The deployed handler, but for a pointer that it looks at in each request and not once a minute."""

from mammo_core.models import provider

provider.LOOK_AGAIN_S = 0.0

from handler import handler  # noqa: E402 - after the change, which it could not see otherwise

__all__ = ["handler"]
