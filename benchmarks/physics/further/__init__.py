"""Eight further laboratories, none of which existed while the planner's settings were chosen."""
