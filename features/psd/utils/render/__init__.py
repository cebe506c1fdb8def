"""Drawing what Photoshop would draw."""
