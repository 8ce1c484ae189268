"""The checks: a file added to this folder, with a function ``findings``, is one of them."""
