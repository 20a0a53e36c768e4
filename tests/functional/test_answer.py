"""What an answer says of a phantom whose truth is known."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from mammo_core.phantom.files import to_dicom, to_png
from mammo_core.phantom.synthesis import Lesion, make_phantom
from mammo_core.records import Laterality, ViewPosition
from mammo_core.testing import FakeModel
from tests.doors import client_of, service_with
