"""From the pixels of an image to the input of a network, with PyTorch alone: a part of every stand-alone file."""

import torch


def preprocessed(
    image: torch.Tensor,
    image_size: int,
    resized_to: int,
    interpolation: str,
    rounds: bool,
    mean: tuple[float, ...],
    std: tuple[float, ...],
) -> torch.Tensor:
    """uint8 (C, H, W) or (B, C, H, W) in 0..255 -> float32 (C, S, S) or (B, C, S, S), with S = `image_size`.

    The shorter side is resized to `resized_to` pixels, the centre square is cut out, and each channel becomes
    (pixel / 255 - mean) / std. Colours become grey for a network of one channel, and grey is repeated for one of three.
    """
    pixels = image.float() if image.dim() == 4 else image.float()[None]  # (B, C, H, W)
    if pixels.shape[1] == 3 and len(mean) == 1:
        weights = torch.tensor((0.299, 0.587, 0.114), device=pixels.device).view(1, 3, 1, 1)  # ITU-R BT.601
        pixels = (pixels * weights).sum(dim=1, keepdim=True).round()  # (B, 1, H, W)
    elif pixels.shape[1] == 1 and len(mean) == 3:
        pixels = pixels.expand(-1, 3, -1, -1)  # (B, 3, H, W)
    height, width = pixels.shape[-2:]
    shorter = min(height, width)
    if shorter != resized_to:
        height, width = (int(resized_to * side / shorter) for side in (height, width))
        if interpolation == "nearest":
            pixels = torch.nn.functional.interpolate(pixels, size=(height, width), mode="nearest-exact")
        else:
            pixels = torch.nn.functional.interpolate(
                pixels, size=(height, width), mode=interpolation, antialias=True, align_corners=False
            )
        pixels = (pixels.round() if rounds else pixels).clamp(0.0, 255.0)  # (B, C, H', W')
    top, left = round((height - image_size) / 2), round((width - image_size) / 2)
    pixels = pixels[..., top : top + image_size, left : left + image_size]  # (B, C, S, S)
    shift = 255.0 * torch.tensor(mean, device=pixels.device).view(1, -1, 1, 1)  # (1, C, 1, 1)
    scale = 255.0 * torch.tensor(std, device=pixels.device).view(1, -1, 1, 1)
    standard = (pixels - shift) / scale
    return standard if image.dim() == 4 else standard[0]
