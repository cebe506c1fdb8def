"""What a layer or document says beside its pixels: words, effects and more."""
