"""The page that moves, and the screens that show it: over bandwidth and downloads."""
