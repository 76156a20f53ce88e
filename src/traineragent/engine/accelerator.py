"""Whether trials here may use a GPU. Asks torch, and only where it is installed."""

from __future__ import annotations


def accelerated() -> bool:
    """Whether torch is there and sees a GPU."""
    try:
        import torch
    except ImportError:
        return False
    return bool(torch.cuda.is_available())
