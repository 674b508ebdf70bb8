"""The networks, one file a family, cards beside the builders."""
