"""From responses to the features of the micromodels (peers/micromodels), to rationales, and to explanations."""
