"""The MCP server: tools that read, and tools that propose; they serve what operate computes."""
