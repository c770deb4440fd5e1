"""The webhooks of the stand-in's site."""
