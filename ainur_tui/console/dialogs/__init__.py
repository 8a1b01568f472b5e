"""Modal screens: plan, progress, parameters, palette, help, detail."""
