"""Writes the pictures of this folder with Pillow: PYTHONPATH=$TAMIS_REFEREE_DIR python3 make_pictures.py

Upright, each is 24 wide and 16 high, and pixel (x, y) is (10 x, 15 y, 128).
"""
import pathlib
from PIL import Image

here = pathlib.Path(__file__).parent / "pictures"
upright = Image.new("RGB", (24, 16))
upright.putdata([(10 * x, 15 * y, 128) for y in range(16) for x in range(24)])

# How a picture must be stored so that the orientation's rule makes it upright again.
T = Image.Transpose
stored_by = {1: None, 2: T.FLIP_LEFT_RIGHT, 3: T.ROTATE_180, 4: T.FLIP_TOP_BOTTOM, 5: T.TRANSPOSE,
             6: T.ROTATE_90, 7: T.TRANSVERSE, 8: T.ROTATE_270}
for orientation, how in stored_by.items():
    stored = upright if how is None else upright.transpose(how)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(here / f"orientation{orientation}.jpg", quality=95, subsampling=0, exif=exif)
exif = Image.Exif()
exif[0x0112] = 6
upright.transpose(T.ROTATE_90).save(here / "orientation6.png", exif=exif)
upright.save(here / "progressive.jpg", quality=95, subsampling=0, progressive=True)
upright.convert("CMYK").save(here / "cmyk.jpg", quality=95)
upright.save(here / "plain.png")
upright.save(here / "plain.bmp")
upright.save(here / "plain.webp", lossless=True)
upright.save(here / "lossy.webp", quality=90)
upright.save(here / "plain.ppm")
upright.save(here / "plain.tif")
