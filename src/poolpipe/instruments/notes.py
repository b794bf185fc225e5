"""What a reader collects while it reads: findings, and questions with all the places they concern."""

from __future__ import annotations

from poolpipe.instruments.model import Finding, Question

__all__ = ["Notes"]


class Notes:
    """Findings in order, and questions merged by code and decision."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._questions: dict[tuple[str, str], Question] = {}

    def found(
        self, code: str, what: str, *, severity: str = "error", sheet: str = "", line: int = 0, column: str = "",
        text: str = "",
    ) -> None:  # fmt: skip
        """Note something that could not be read or does not fit; an equal finding is noted once.

        Parameters
        ----------
        code : str
            Code of the finding.
        what : str
            What is wrong.
        severity : {"error", "warning", "info"}
            How grave it is.
        sheet, line, column, text
            Where it is, and the text of the cell; empty or 0 where unknown.
        """
        finding = Finding(code, what, severity, sheet, line, column, text)
        if finding not in self.findings:
            self.findings.append(finding)

    def ask(
        self, code: str, what: str, where: str, *, options: tuple[str, ...], decided: str, setting: str
    ) -> None:
        """Note an ambiguity; a further place of the same one is added to it.

        Parameters
        ----------
        code : str
            Code of the question.
        what : str
            What is ambiguous.
        where : str
            The place; empty where it is the whole file.
        options : tuple of str
            The possible answers.
        decided : str
            How it was decided.
        setting : str
            The setting of `ImportPolicy` that decides it.
        """
        key = (code, decided)
        known = self._questions.get(key)
        places: tuple[str, ...] = (where,) if where else ()
        if known is not None:
            places = known.where if where in known.where else known.where + places
            what = known.what
        self._questions[key] = Question(code, what, places, options, decided, setting)

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions in the order in which they first came up."""
        return tuple(self._questions.values())
