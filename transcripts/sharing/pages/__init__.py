"""Pages of share links: the owner's, and the reader's."""
