"""The demo: a real sales organisation, brought in from its files through the commands that the API runs."""
