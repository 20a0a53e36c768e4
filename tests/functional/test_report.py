"""Reports: from a request, from an image on the command line, from an answer that was kept."""

import base64
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader
from typer.testing import CliRunner, Result

from mammo_core import cli
from mammo_core.options import DocumentFormat
from mammo_core.phantom.files import to_dicom, to_png
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.report import html
from mammo_core.report.document import document_of
from mammo_core.schemas import Answer
from mammo_core.testing import MANIFEST, FakeModel
from tests.doors import call, client_of, service_with, v1_event, v2_event

PHANTOM = make_phantom(seed=3, shape=(320, 256))
PNG, DICOM = to_png(PHANTOM), to_dicom(PHANTOM)
A4 = (595.0, 842.0)


def answer_to(data: bytes, model: FakeModel | None = None, query: str = "?format=jpeg") -> Answer:
    sent = client_of(service_with(model or FakeModel())).post(f"/analyze{query}", content=data)
    assert sent.status_code == 200, sent.text
    return Answer.model_validate_json(sent.content)


def pages_of(document: bytes) -> tuple[int, str, int]:
    """Pages, words and pictures of a PDF file."""
    reader = PdfReader(io.BytesIO(document))
    words = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    return len(reader.pages), words, sum(len(page.images) for page in reader.pages)


def lines_of(document: bytes) -> list[tuple[float, str]]:
    """Height on the page and text of each line, in the order in which they were drawn."""
    lines: list[tuple[float, str]] = []

    def keep(text: str, to_page: list[float], to_text: list[float], *_: object) -> None:
        if text.strip():
            lines.append((to_page[3] * to_text[5] + to_page[5], text.strip()))

    PdfReader(io.BytesIO(document)).pages[0].extract_text(visitor_text=keep)
    return lines


def html_of(answer: Answer) -> str:
    return document_of(answer, DocumentFormat.HTML).decode()


class TestOverHttp:
    def test_the_pdf_is_one_page_with_five_pictures_and_what_the_answer_says(self) -> None:
        answer = answer_to(DICOM)

        sent = client_of(service_with(FakeModel())).post("/report", content=DICOM)

        assert sent.status_code == 200, sent.text
        body = sent.json()
        assert (body["html"], body["analysis_id"]) == (None, answer.analysis_id)
        document = base64.b64decode(body["pdf"], validate=True)
        pages, words, pictures = pages_of(document)
        assert (pages, pictures) == (1, 5)
        assert tuple(PdfReader(io.BytesIO(document)).pages[0].mediabox[2:]) == pytest.approx(A4, abs=1.0)
        (region,) = answer.findings.regions or []
        for told in (
            answer.disclaimer,
            "The model is for: tests",
            f"{answer.confidence:.3f}",
            f"{answer.threshold:.3f}",
            f"{region.bbox.x1}, {region.bbox.y1}, ",
            f"{100 * region.share_of_evidence:.0f} %",
            f"{answer.model.id} {answer.model.version}",
            "ImageLaterality",
            "the manifest declares no calibrated thresholds",
        ):
            assert told in words, told
        # A digest is broken over two lines.
        assert answer.input.sha256 in words.replace(" ", "")
        assert document_of(answer, DocumentFormat.PDF) == document, "nothing but the answer is needed"

    def test_the_html_needs_nothing_else_and_runs_nothing(self) -> None:
        body = client_of(service_with(FakeModel())).post("/report?document=html", content=PNG).json()

        assert body["pdf"] is None
        page = body["html"]
        answer = answer_to(PNG)
        for picture in answer.images.model_dump().values():
            assert f'src="data:image/jpeg;base64,{picture}"' in page
        assert page.count("<img") == 5
        assert "<script" not in page
        assert "default-src 'none'" in page
        assert not any(word in page for word in ("http://", "https://", "@import", "url("))
        assert answer.input.sha256 in page

    @pytest.mark.parametrize("event", [v1_event, v2_event], ids=["v1", "v2"])
    def test_no_gateway_has_to_carry_binary(self, event: Any) -> None:  # noqa: ANN401
        sent = call(service_with(FakeModel()), event("POST", "/report", body=PNG))

        assert sent["isBase64Encoded"] is False
        assert base64.b64decode(json.loads(sent["body"])["pdf"]).startswith(b"%PDF-")

    def test_options_reach_the_analysis_and_unknown_ones_are_refused(self) -> None:
        client = client_of(service_with(FakeModel()))

        page = client.post("/report?document=html&method=layercam&laterality=R", content=PNG).json()["html"]
        refused = client.post("/report?max_side=4096", content=PNG)

        assert "layercam" in page
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")
        assert refused.json()["detail"].endswith(
            "known are method, colormap, view, laterality, accept_unsuitable, exclude_pectoral, "
            "quality_checks, document."
        )

    def test_an_image_that_is_none_is_refused_as_by_analyze(self) -> None:
        client = client_of(service_with(FakeModel()))

        refused = {path: client.post(path, content=b"no image").json() for path in ("/report", "/analyze")}

        for problem in refused.values():
            del problem["request_id"]
        assert refused["/report"] == refused["/analyze"]

    def test_the_largest_pictures_leave_room_for_what_lambda_answers_with(self) -> None:
        """Noise is what JPEG can do least with: its pictures take all that an answer may."""
        noise = np.random.default_rng(0).integers(0, 2, (1024, 1024), np.uint8) * 255
        file = io.BytesIO()
        Image.fromarray(noise).save(file, "PNG")
        client = client_of(service_with(FakeModel()))

        for document in DocumentFormat:
            query = {"document": document, "accept_unsuitable": "true", "colormap": "turbo"}
            sent = client.post("/report", params=query, content=file.getvalue())
            assert 4_000_000 < len(sent.content) < 5_500_000, document

    @pytest.mark.parametrize(
        ("document", "module", "other"),
        [("pdf", "reportlab.platypus", "html"), ("html", "jinja2", "pdf")],
    )
    def test_a_library_that_is_broken_is_told_with_what_to_do(
        self, document: str, module: str, other: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        html.prepare.cache_clear()
        monkeypatch.setitem(sys.modules, module, None)

        sent = client_of(service_with(FakeModel())).post(f"/report?document={document}", content=PNG)

        assert (sent.status_code, sent.json()["code"]) == (500, "report_failed")
        assert sent.json()["detail"] == (
            f"The answer is there, but the {document} of the report could not be made "
            f"(ModuleNotFoundError: {module}). "
            f"Ask for {other} instead, or for the answer without a report."
        )


class TestWhatIsSaid:
    def test_a_missing_picture_is_told_where_it_would_be(self) -> None:
        answer = answer_to(PNG, FakeModel(unavailable="The network has no such layer."))
        reason = answer.image_status.overlay.reason

        pages, words, pictures = pages_of(document_of(answer, DocumentFormat.PDF))

        assert reason
        assert reason in html_of(answer)
        assert f"Overlay: {reason}" in words
        assert (pages, pictures) == (
            1,
            sum(picture is not None for picture in answer.images.model_dump().values()),
        )
        assert pictures < 5

    @pytest.mark.parametrize(
        "kept", ["https://bucket.s3.amazonaws.com/overlay.png?X-Amz-Expires=900", "overlay.png", "AAAAAAAA"]
    )
    def test_a_picture_that_lies_elsewhere_is_told_and_not_looked_for(self, kept: str) -> None:
        answer = answer_to(PNG)
        named = answer.model_copy(update={"images": answer.images.model_copy(update={"overlay": kept})})

        pages, words, pictures = pages_of(document_of(named, DocumentFormat.PDF))

        assert (pages, pictures) == (1, 4)
        assert "Overlay: The answer names this picture, but does not hold it." in words
        assert html_of(named).count("<img") == 4
        assert f'{kept}"' not in html_of(named)

    @pytest.mark.parametrize(
        ("score", "told"), [(0.99999, "> 0.999"), (0.0001, "< 0.001"), (1.0, "1.000"), (0.5, "0.500")]
    )
    def test_a_score_that_is_not_quite_one_is_not_called_one(self, score: float, told: str) -> None:
        answer = answer_to(PNG).model_copy(update={"confidence": score, "scores": {"no": 0.25, "yes": score}})

        words = pages_of(document_of(answer, DocumentFormat.PDF))[1]

        assert f"Score {told} of the positive class" in words
        assert f"no 0.250, yes {told}" in words

    def test_an_empty_map_tells_how_it_was_made_too(self) -> None:
        answer = answer_to(PNG)
        empty = answer.explanation.model_copy(update={"reason": "Nothing speaks for it."})

        page = html_of(answer.model_copy(update={"explanation": empty}))

        assert f"{answer.explanation.method}: Nothing speaks for it." in page

    def test_an_answer_without_pictures_is_a_report_without_pictures(self) -> None:
        answer = answer_to(PNG, query="?images=")

        assert pages_of(document_of(answer, DocumentFormat.PDF))[2] == 0
        assert "<img" not in html_of(answer)

    def test_text_of_a_manifest_is_text(self) -> None:
        hostile = "<b>&<script>alert(1)</script>"
        manifest = MANIFEST.model_copy(update={"intended_use": hostile})
        answer = answer_to(PNG, FakeModel(manifest=manifest))

        assert "&lt;b&gt;&amp;&lt;script&gt;" in html_of(answer)
        assert "<script" not in html_of(answer)
        assert hostile in pages_of(document_of(answer, DocumentFormat.PDF))[1]

    def test_much_to_say_still_is_one_page(self) -> None:
        answer = answer_to(PNG)
        assert answer.findings.regions
        crowded = answer.model_copy(
            update={
                "findings": answer.findings.model_copy(update={"regions": 20 * answer.findings.regions}),
                "warnings": 15 * answer.warnings,
            }
        )

        pages, words, pictures = pages_of(document_of(crowded, DocumentFormat.PDF))

        assert (pages, pictures) == (1, 5)
        assert words.count("region of attention") == 20

    @pytest.mark.parametrize("regions", [1, 8, 20])
    def test_what_is_made_smaller_to_fit_does_not_overlap(self, regions: int) -> None:
        answer = answer_to(PNG)
        assert answer.findings.regions
        findings = answer.findings.model_copy(update={"regions": regions * answer.findings.regions})

        document = document_of(answer.model_copy(update={"findings": findings}), DocumentFormat.PDF)

        lines = lines_of(document)
        for heading in ("Regions", "View", "Warnings", "Limits"):
            (place,) = (index for index, (_, text) in enumerate(lines) if text == heading)
            lowest = min(lines[:place])
            assert lines[place][0] < lowest[0] - 5, f"{heading} is drawn over {lowest[1]}"
        assert min(lines)[0] > 0, "all of it is on the page"

    def test_letters_of_all_alphabets_that_the_fonts_have_are_kept(self) -> None:
        manifest = MANIFEST.model_copy(update={"intended_use": "Über Σ ≥ 0, Łódź, Ελλάδα"})

        words = pages_of(document_of(answer_to(PNG, FakeModel(manifest=manifest)), DocumentFormat.PDF))[1]

        assert "Über Σ ≥ 0, Łódź, Ελλάδα" in words

    def test_letters_that_the_fonts_lack_leave_a_mark(self) -> None:
        manifest = MANIFEST.model_copy(update={"intended_use": "研究 \U0001f600 only"})

        words = pages_of(document_of(answer_to(PNG, FakeModel(manifest=manifest)), DocumentFormat.PDF))[1]

        assert "The model is for: ?? ? only" in words

    def test_nobody_signs_and_nothing_is_advised(self) -> None:
        page = html_of(answer_to(PNG)).lower()

        assert not [
            word for word in ("signature", "signed", "recommend", "follow-up", "biopsy") if word in page
        ]


class TestOnTheCommandLine:
    @pytest.fixture(autouse=True)
    def _fake_model(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("mammo_core.service.build_service", lambda settings: service_with(FakeModel()))

    def test_an_image_and_the_answer_that_was_kept_make_the_same_report(self, tmp_path: Path) -> None:
        (tmp_path / "scan.png").write_bytes(PNG)
        mammo("analyze", tmp_path / "scan.png", "--out", tmp_path / "kept", "--format", "jpeg")

        for ending in DocumentFormat:
            of_image, of_answer = (tmp_path / "new" / f"{n}.{ending}" for n in ("image", "answer"))
            assert mammo("report", tmp_path / "scan.png", "-o", of_image).exit_code == 0
            assert mammo("report", tmp_path / "kept" / "scan.json", "-o", of_answer).exit_code == 0
            assert of_image.read_bytes() == of_answer.read_bytes()

    @pytest.mark.parametrize(
        ("source", "out", "status", "told"),
        [
            ("scan.png", "report.docx", 2, "ends in .pdf or .html"),
            ("notes.json", "report.pdf", 2, "not an answer of this version"),
            ("nothing.png", "report.pdf", 2, "There is no such file."),
            ("", "report.pdf", 2, "is a folder: a report is of one image"),
            ("notes.txt", "report.pdf", 1, "The file format is not known"),
            ("scan.png", "notes.txt/report.pdf", 2, "--out: the file cannot be written"),
        ],
    )
    def test_what_cannot_be_done_is_told(
        self, source: str, out: str, status: int, told: str, tmp_path: Path
    ) -> None:
        (tmp_path / "scan.png").write_bytes(PNG)
        (tmp_path / "notes.json").write_text('{"result": "benign"}')
        (tmp_path / "notes.txt").write_text("not an image")

        result = mammo("report", tmp_path / source, "-o", tmp_path / out)

        assert (result.exit_code, list(tmp_path.glob("report.*"))) == (status, [])
        assert told in " ".join(result.output.split())


def mammo(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])
