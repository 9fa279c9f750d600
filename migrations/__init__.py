"""The history of the database: one table or one operation a revision."""
