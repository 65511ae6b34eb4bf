"""The REST door's contract: its published text, and that the door keeps it."""

from pathlib import Path

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

ROOT = Path(__file__).parent.parent.parent


def test_the_published_text_is_the_contract():
    published = (ROOT / "profiles" / "openapi.yaml").read_text()
    contract = OpenApiYamlRenderer().render(SchemaGenerator().get_schema(public=True))
    assert published == contract.decode(), "run `make schema` and commit what it writes"
