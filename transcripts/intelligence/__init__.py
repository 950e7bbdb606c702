"""What is made of a text: summaries, analyses, content, answers with their sources."""
