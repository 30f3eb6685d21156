"""What a person does to a deployed environment beside deploying it."""
