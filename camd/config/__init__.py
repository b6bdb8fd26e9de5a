"""Every option camd has: its default and bounds, where its value comes from, how it is changed."""
