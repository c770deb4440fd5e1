"""The JSON API under ``/api``: one module per noun, which serves what operate computes."""
