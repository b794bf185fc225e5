"""Write docs/schemas.md and docs/schemas/*.json from the models of `summary.json` and of every `--json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from poolpipe.commands.schemas import SCHEMAS

PAGE = Path(__file__).parents[1] / "docs" / "schemas.md"
FOLDER = PAGE.with_suffix("")

HEAD = """<!-- Written by scripts/write_schemas_page.py from the models in the sources; do not edit. -->
# JSON: schemas and versions JSON 格式

`summary.json`, and what a command writes with `--json`, has a schema (JSON Schema 2020-12) in `docs/schemas/`. An object names it with its
version in `schema` (`poolpipe.summary/1`); a list (`import`, `design`) has the version of its file. Within a version keys are added, and
neither renamed nor taken away nor given another meaning; read what you know and leave the rest.

对象以 `schema` 注明格式与版本；同一版本内只增不改，读取所需的键即可。
"""


def main() -> None:
    """Write the page and a file for each schema."""
    FOLDER.mkdir(exist_ok=True)
    for name in SCHEMAS:
        (FOLDER / f"{name}.json").write_text(schema(name), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


def schema(name: str) -> str:
    """The JSON schema of one content, as the file holds it."""
    told = SCHEMAS[name].model_json_schema(by_alias=True)
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"poolpipe.{name}/1", **told}
    text = json.dumps(whole, ensure_ascii=False, indent=2) + "\n"
    return text.replace('"_', '"').replace(
        "/$defs/_", "/$defs/"
    )  # names of models that are private in Python


def page() -> str:
    """The whole page as Markdown."""
    return "\n".join([HEAD, *(_section(name) for name in SCHEMAS)])


def _section(name: str) -> str:
    told = SCHEMAS[name].model_json_schema(by_alias=True)
    item = told.get("items", {}).get("$ref", "").rpartition("/")[2]
    properties = told.get("properties") or told.get("$defs", {}).get(item, {}).get("properties", {})
    about = (SCHEMAS[name].__doc__ or "").strip().partition("\n")[0]
    lines = [f"## {name}\n\n{about} [schemas/{name}.json](schemas/{name}.json)\n"]
    if properties:
        lines += ["| key | type | says |", "| --- | --- | --- |"]
        lines += [f"| `{key}` | {_type(value)} | {_says(value, told)} |" for key, value in properties.items()]
        lines.append("")
    return "\n".join(lines)


def _type(value: dict[str, Any]) -> str:
    if "$ref" in value:
        return "object"
    if "anyOf" in value:
        return " or ".join(_type(each) for each in value["anyOf"])
    inner = value.get("items") or value.get("additionalProperties")
    name = str(value.get("type", "any"))
    return f"{name} of {_type(inner)}" if isinstance(inner, dict) and inner else name


def _says(value: dict[str, Any], told: dict[str, Any]) -> str:
    """What a key's field says, else what the model of its value says, with that model's keys."""
    places = [value, value.get("items", {}), value.get("additionalProperties", {}), *value.get("anyOf", [])]
    refs = [each["$ref"] for each in places if isinstance(each, dict) and "$ref" in each]
    refs += [each["items"]["$ref"] for each in value.get("anyOf", []) if "$ref" in each.get("items", {})]
    said = [value["description"]] if "description" in value else []
    for ref in refs:
        model = told["$defs"][ref.rpartition("/")[2]]
        said += [
            model.get("description", ""),
            "Keys: " + ", ".join(f"`{key}`" for key in model["properties"]),
        ]
    return ". ".join(each.rstrip(".") for each in said if each).replace("|", "\\|")


if __name__ == "__main__":
    main()
