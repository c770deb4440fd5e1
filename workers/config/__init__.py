"""The configuration: instep.toml and the environment, read and validated."""
