"""Templates without the indentation of their lines, which is for those who read the file: a quarter of a long list."""

from django.template import Origin
from django.template.loaders import filesystem


class Loader(filesystem.Loader):
    """Lines stay lines, so that errors name the right one. Inside `<pre>` a template must indent nothing."""

    def get_contents(self, origin: Origin) -> str:
        return "\n".join(line.lstrip(" ") for line in super().get_contents(origin).split("\n"))
