"""One's own folder of images as a data set."""

from pathlib import Path

import numpy as np
from PIL import Image

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.images import grey
from kernel_regime.core.types import Arguments
from kernel_regime.datasets.labelled_data import LabelledData, local_path
from kernel_regime.datasets.splitting import DividedDataset
from kernel_regime.noise.sampling import Split

_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
_GREY_MODES = ("1", "L")
_DEEP_MODES = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")


class ImageFolderDataset(DividedDataset):
    """Images in one subfolder per class, whose name is the class's.

    Images that are all grey in their files load as grey, all others as red, green and blue.

    Parameters
    ----------
    path : str
        Folder of the subfolders.
    side : int, optional
        Size to bring all images to, in pixels; without it they must be square and of one size.
    grey : bool
        Weigh the colours into one grey image, still between 0 and 255.
    split, test_share, seed, metadata
        See `DividedDataset`.

    Examples
    --------
    ```yaml
    "raw_{split}":
      type: kernel_regime.datasets.ImageFolderDataset
      path: data/01_raw/mine/{split}
      side: 32
    ```
    """

    def __init__(
        self,
        path: str,
        *,
        side: int | None = None,
        grey: bool = False,
        split: Split | None = None,
        test_share: float | None = None,
        seed: int = 0,
        metadata: Arguments | None = None,
    ) -> None:
        super().__init__(split, test_share, seed, metadata)
        if side is not None and (isinstance(side, bool) or not isinstance(side, int) or side < 1):
            raise InputError(f"side: {side!r} is no number of pixels; give a whole one")
        self._path = local_path(path)
        self._side, self._grey = side, grey

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self._path.name

    def load(self) -> LabelledData:
        """Images of the split, bytes or (weighed) float32, class by class.

        Raises
        ------
        InputError
            If there are no subfolders, one holds no image, or an image is damaged or of another
            size than the first.
        """
        files = {folder.name: self._files(folder) for folder in self._folders()}
        found = [self._read(path) for paths in files.values() for path in paths]
        paths = [path for paths in files.values() for path in paths]
        for path, image in zip(paths, found, strict=True):
            if image.size != found[0].size or image.size[0] != image.size[1]:
                raise InputError(
                    f"{path} has {image.size[0]}×{image.size[1]} pixels, {paths[0].name} "
                    f"{found[0].size[0]}×{found[0].size[1]}; set side to bring all to one square"
                )
        mode = "L" if all(image.mode == "L" for image in found) else "RGB"
        images: Array = np.stack([np.asarray(image.convert(mode)) for image in found])
        if self._grey:
            images = grey(images.astype(np.float32))
        labels = np.repeat(list(files), [len(paths) for paths in files.values()])
        data = LabelledData.of(images, labels, list(files), source=str(self._path))
        return self._divided(data)

    def _folders(self) -> list[Path]:
        if not self._path.is_dir():
            raise InputError(f"{self._path} is no folder; put it there, or correct the catalog")
        shown = sorted(self._path.iterdir())
        folders = [path for path in shown if path.is_dir() and not path.name.startswith(".")]
        if not folders:
            raise InputError(f"{self._path} has no subfolders; make one for every class")
        return folders

    def _files(self, folder: Path) -> list[Path]:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
        if not files:
            raise InputError(f"{folder} holds no image ({', '.join(_SUFFIXES)}); add some")
        return files

    def _read(self, path: Path) -> Image.Image:
        """One image, grey (mode L) or in colour (mode RGB), at the wanted size."""
        try:
            with Image.open(path) as file:
                if file.mode in _DEEP_MODES:
                    raise InputError(
                        f"{path} has more than 8 bits a pixel (mode {file.mode}), which would be "
                        "cut off; save it as 8-bit grey or RGB"
                    )
                image = file.convert("L" if file.mode in _GREY_MODES else "RGB")
        except InputError:
            raise
        except (OSError, ValueError, SyntaxError) as error:
            raise InputError(f"{path} is no whole image ({error}); remove it") from error
        side = self._side
        return image.resize((side, side), Image.Resampling.BILINEAR) if side else image

    def _exists(self) -> bool:
        return self._path.is_dir()

    def _describe(self) -> Arguments:
        return {"path": str(self._path), **super()._describe()}
