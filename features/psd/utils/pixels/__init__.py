"""From packed channels to bands of sRGB rows."""
