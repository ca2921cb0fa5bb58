"""The same questions, asked of this lakehouse and in the prior art's manner, measured side by side in one run."""
