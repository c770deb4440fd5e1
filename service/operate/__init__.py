"""What commands, API, console and MCP all show: no Flask and no click."""
