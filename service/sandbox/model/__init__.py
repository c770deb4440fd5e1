"""What the stand-in's site is made of: schemas, records, locales."""
