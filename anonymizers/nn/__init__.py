"""Networks of the house models: definitions shared by training, attackers and inference."""
