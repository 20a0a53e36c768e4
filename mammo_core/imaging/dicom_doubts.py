"""What is unusual about how a view was taken: modifiers, implants, loss, text in the pixels."""

from mammo_core.imaging.dicom_attributes import Attributes, label
from mammo_core.imaging.dicom_reader import Instance
from mammo_core.imaging.transfer_syntax import LOSSY
from mammo_core.records import Notice

CID_4015 = (
    ("cleavage", "399161006", "R-102D2"),
    ("axillary tail", "399011000", "R-102D1"),
    ("rolled lateral", "399197002", "R-102D3"),
    ("rolled medial", "399226006", "R-102D4"),
    ("rolled inferior", "414493004", "R-102CA"),
    ("rolled superior", "415670009", "R-102C9"),
    ("implant displaced", "399209000", "R-102D5"),
    ("magnification", "399163009", "R-102D6"),
    ("spot compression", "399055006", "R-102D7"),
    ("tangential", "399110001", "R-102C2"),
    ("nipple in profile", "442581004", "R-40AB3"),
    ("anterior compression", "441752004", "P2-00161"),
    ("infra-mammary fold", "442593008", "R-40ABE"),
    ("axillary tissue", "442580003", "R-40AB2"),
)
"""View modifier, SNOMED CT and SNOMED RT identifiers (PS3.16 CID 4015); compared with pydicom's in a test."""
MODIFIERS = {("SCT", concept): name for name, concept, _ in CID_4015} | {
    (scheme, code): name for name, _, code in CID_4015 for scheme in ("SRT", "SNM3")
}
FLAGS = (
    ("BreastImplantPresent", "implant_present", "the breast has an implant, which hides tissue."),
    ("PartialView", "partial_view", "the image shows a part of the breast only."),
    (
        "BurnedInAnnotation",
        "burned_in_annotation",
        "the pixels may show text, even of the patient; the pictures show it too.",
    ),
)
"""Attributes that are YES or NO, the code of the notice if one is YES, and what that means."""


def read_doubts(instance: Instance) -> tuple[Notice, ...]:
    """Collect what is unusual about a view.

    Parameters
    ----------
    instance : Instance

    Returns
    -------
    tuple of Notice
        ``view_modifier_…``, one for each modifier; ``implant_present``, ``partial_view``,
        ``burned_in_annotation``, ``lossy_compression``.
    """
    attributes = instance.attributes
    flags = (
        Notice(code, f"{label(keyword)} is YES: {meaning}")
        for keyword, code, meaning in FLAGS
        if attributes.text(keyword) == "YES"
    )
    return (*_modifiers(attributes), *flags, *_loss(instance))


def _modifiers(attributes: Attributes) -> tuple[Notice, ...]:
    view = attributes.first_item("ViewCodeSequence")
    codes = () if view is None else view.items("ViewModifierCodeSequence")
    names = dict.fromkeys(MODIFIERS.get(item.code(), "unknown") for item in codes)
    return tuple(
        Notice(
            f"view_modifier_{name.replace(' ', '_').replace('-', '_')}",
            f"{label('ViewModifierCodeSequence')}: the view has the modifier {name}.",
        )
        for name in names
    )


def _loss(instance: Instance) -> tuple[Notice, ...]:
    if instance.transfer_syntax not in LOSSY and instance.attributes.text("LossyImageCompression") != "01":
        return ()
    message = (
        "The pixels were compressed with loss at some time; the finest detail may be missing or made up."
    )
    return (Notice("lossy_compression", message),)
