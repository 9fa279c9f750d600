"""The project's own rules: what linters in general use cannot know."""
