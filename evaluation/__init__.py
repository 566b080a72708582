"""What attackers, recognisers and signal measures say about anonymized speech."""
