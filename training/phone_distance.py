"""How much else a phone encoder hears in one sound than in another: what keeps a decoder's consonants apart.

Spectral distances weigh loud vowels most; a recogniser's own features as a loss ask for what tells words apart (in the
manner of perceptual losses: Johnson et al., ECCV 2016; for synthesis with ASR posteriors e.g. Sun et al., ICME 2016).
"""

from __future__ import annotations

from typing import Any

from anonymizers.nn import mel


def log_mel(sound: Any) -> Any:
    """anonymizers.nn.mel.log_mel less its mean over time, torch: sound (b, n) at 16 kHz to (b, n / 160, 80)."""
    import torch

    padded = torch.nn.functional.pad(sound, (mel.AHEAD, mel.AHEAD + mel.HOP))
    frames = padded.unfold(1, mel.WINDOW, mel.HOP)[:, : mel.frame_count(sound.shape[1])]
    window, bands = (torch.from_numpy(one).to(sound.device) for one in (mel.window(), mel.bands()))
    spectrum = torch.fft.rfft(frames * window, mel.N_FFT)
    logs = torch.log((spectrum.real**2 + spectrum.imag**2) @ bands + mel.FLOOR)
    return logs - logs.mean(1, keepdim=True)


def phone_distance(given: Any, target: Any, encoder: Any) -> Any:
    """Kullback-Leibler divergence, in nats a frame, of the phones heard in `given` from those in `target`, both (b, n).

    `encoder`: a frozen anonymizers.nn.phone_encoder network; it learns nothing, `given` does.
    """
    import torch

    with torch.autocast(given.device.type, torch.bfloat16):
        with torch.no_grad():
            _, wanted = encoder.whole(log_mel(target))
        _, heard = encoder.whole(log_mel(given))
    heard, wanted = (torch.log_softmax(one.float(), 2) for one in (heard, wanted))
    return (wanted.exp() * (wanted - heard)).sum(2).mean()
