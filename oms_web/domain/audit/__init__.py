"""The audit trail: who changed what, from what to what. Also the timeline on every card."""
