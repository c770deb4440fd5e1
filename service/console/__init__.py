"""The console: pages for the people who run Instep. Everything on them is computed by operate."""
