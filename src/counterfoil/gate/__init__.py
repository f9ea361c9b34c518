"""The gate, pure: what may be stored, and what policy says about an action (Protocol §8, SPEC §5)."""
