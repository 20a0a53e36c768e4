"""How models were made; not part of the service."""
