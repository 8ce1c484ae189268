"""How well a network keeps a moving target in view and near: many courses through one room."""
