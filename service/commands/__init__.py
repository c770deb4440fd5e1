"""The commands of ``instep``, one module for each group of them."""
