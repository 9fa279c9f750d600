"""The apps. Each stands alone: none imports another, but local and cli, which start them."""
