"""A server with the conformance kit's own tools, resources and prompts, and our wiring around them.

The kit calls tools that no program has but for it (`test_simple_text`, …). They stand on a `Desk` of their own, so
requests come in, are checked, fail and are answered by the same code as those for tickets.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mcp_types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    EmbeddedResource,
    GetPromptResult,
    ImageContent,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    Prompt,
    PromptArgument,
    PromptMessage,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextContent,
    TextResourceContents,
    Tool,
)

from counterfoil.errors import InputError
from counterfoil.mcp.server import Desk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.mcp.call import ToolCall

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=="
WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="
NO_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {}}
DIALECT: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"}},
    "additionalProperties": False,
}
IMAGE = ImageContent(data=PNG, mime_type="image/png")


def embedded(uri: str, kind: str, text: str) -> EmbeddedResource:
    """Returns a resource as a part of something else."""
    return EmbeddedResource(resource=TextResourceContents(uri=uri, mime_type=kind, text=text))


CONTENTS: dict[str, Sequence[Any]] = {
    "test_simple_text": [TextContent(text="This is a simple text response for testing.")],
    "test_image_content": [IMAGE],
    "test_audio_content": [AudioContent(data=WAV, mime_type="audio/wav")],
    "test_embedded_resource": [
        embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")
    ],
    "test_multiple_content_types": [
        TextContent(text="Multiple content types test:"),
        IMAGE,
        embedded(
            "test://mixed-content-resource", "application/json", json.dumps({"test": "data", "value": 123})
        ),
    ],
    "test_tool_with_progress": [TextContent(text="Done.")],
    "json_schema_2020_12_tool": [TextContent(text="Done.")],
    "test_error_handling": [],
}
PROMPTS = (
    Prompt(name="test_simple_prompt", description="Simple."),
    Prompt(
        name="test_prompt_with_arguments",
        description="With arguments.",
        arguments=[PromptArgument(name="arg1", required=True), PromptArgument(name="arg2", required=True)],
    ),
    Prompt(
        name="test_prompt_with_embedded_resource",
        description="With a resource.",
        arguments=[PromptArgument(name="resourceUri", required=True)],
    ),
    Prompt(name="test_prompt_with_image", description="With an image."),
)


class FixtureDesk(Desk):
    """Answers what the kit asks."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.tools = tuple(
            [
                Tool(name=name, description=name, input_schema=DIALECT if "schema" in name else NO_ARGUMENTS)
                for name in CONTENTS
            ]
        )

    async def run(self, call: ToolCall, name: str, request: Any) -> CallToolResult:
        """Returns the content that the kit expects."""
        del call
        if name == "test_error_handling":
            raise InputError("on_purpose", "This tool intentionally returns an error for testing")
        if name == "test_tool_with_progress":
            for progress in (0, 50, 100):
                await request.session.report_progress(progress, 100)
        return CallToolResult(content=list(CONTENTS[name]))

    async def list_resources(self, *_: Any) -> ListResourcesResult:
        """Returns the kit's resources."""
        names = ("static-text", "static-binary")
        return ListResourcesResult(resources=[Resource(uri=f"test://{name}", name=name) for name in names])

    async def list_templates(self, *_: Any) -> ListResourceTemplatesResult:
        """Returns the kit's template."""
        template = ResourceTemplate(uri_template="test://template/{id}/data", name="template")
        return ListResourceTemplatesResult(resource_templates=[template])

    async def read_resource(self, _: Any, params: Any) -> ReadResourceResult:
        """Returns one of the kit's resources."""
        if params.uri == "test://static-binary":
            blob = BlobResourceContents(uri=params.uri, mime_type="image/png", blob=PNG)
            return ReadResourceResult(contents=[blob])
        text = "This is the content of the static text resource."
        kind = "text/plain"
        if params.uri.startswith("test://template/"):
            name = params.uri.split("/")[3]
            kind = "application/json"
            text = json.dumps({"id": name, "templateTest": True, "data": f"Data for ID: {name}"})
        return ReadResourceResult(contents=[TextResourceContents(uri=params.uri, mime_type=kind, text=text)])

    async def list_prompts(self, *_: Any) -> ListPromptsResult:
        """Returns the kit's prompts."""
        return ListPromptsResult(prompts=list(PROMPTS))

    async def get_prompt(self, _: Any, params: Any) -> GetPromptResult:
        """Returns one of the kit's prompts."""
        given = params.arguments or {}
        contents: dict[str, list[Any]] = {
            "test_simple_prompt": [TextContent(text="This is a simple prompt for testing.")],
            "test_prompt_with_arguments": [
                TextContent(
                    text=f"Prompt with arguments: arg1='{given.get('arg1')}', arg2='{given.get('arg2')}'"
                )
            ],
            "test_prompt_with_embedded_resource": [
                embedded(
                    given.get("resourceUri", ""), "text/plain", "Embedded resource content for testing."
                ),
                TextContent(text="Please process the embedded resource above."),
            ],
            "test_prompt_with_image": [IMAGE, TextContent(text="Please analyze the image above.")],
        }
        messages = [PromptMessage(role="user", content=content) for content in contents[params.name]]
        return GetPromptResult(messages=messages)
