"""The MCP server: what an agent may do here as tools. No rules of its own, and no way to approve."""
