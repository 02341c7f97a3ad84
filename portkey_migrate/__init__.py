"""portkey-migrate: carries a live K3s cluster to Talos Linux, app by app, with a recorded way back."""

__version__ = "0.1.0"
