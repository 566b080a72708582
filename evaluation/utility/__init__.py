"""What is left of speech after anonymization: words, emotion, melody, quality, and how it sounds."""
