"""The answer on the wire: names, types and meaning of every field, by part of the answer."""

from mammo_core.schemas.answer import Answer, InputOut, ModelOut, WarningOut
from mammo_core.schemas.base import DISCLAIMER, BoundingBox, Known, Point, Share, Size, Wire
from mammo_core.schemas.explanation import Completeness, CurveOut, Explanation, MapQualityOut
from mammo_core.schemas.findings import AssessmentOut, Findings, LesionType, Location, RegionOut, Tissue
from mammo_core.schemas.images import Images, ImageStatus, ImageStatuses
from mammo_core.schemas.replies import Health, ModelCard, Problem, Ready, ReportOut
from mammo_core.schemas.view import BreastMaskOut, ImageQualityOut, PectoralMuscleOut, ViewAnalysis

__all__ = [
    "DISCLAIMER",
    "Answer",
    "AssessmentOut",
    "BoundingBox",
    "BreastMaskOut",
    "Completeness",
    "CurveOut",
    "Explanation",
    "Findings",
    "Health",
    "ImageQualityOut",
    "ImageStatus",
    "ImageStatuses",
    "Images",
    "InputOut",
    "Known",
    "LesionType",
    "Location",
    "MapQualityOut",
    "ModelCard",
    "ModelOut",
    "PectoralMuscleOut",
    "Point",
    "Problem",
    "Ready",
    "RegionOut",
    "ReportOut",
    "Share",
    "Size",
    "Tissue",
    "ViewAnalysis",
    "WarningOut",
    "Wire",
]
