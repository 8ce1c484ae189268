"""What ``neuroloop doctor`` looks at: one file of ``checks`` for each side of the machine."""
