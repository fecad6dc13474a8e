"""Under which key Prefect's UI keeps what a stage publishes of a name."""


def artifact_key(name: str, what: str) -> str:
    """The key of an artifact; Prefect takes small letters, digits and dashes."""
    return f"{name.replace('_', '-').strip('-')}-{what}"
