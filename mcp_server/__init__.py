"""The MCP door: the gate in front of /mcp, and the page that helps people through it."""
