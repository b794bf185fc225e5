"""XML without surprises: no entities, no external anything, names without namespaces."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError

from poolpipe.instruments.errors import DamagedFileError

__all__ = ["child_text", "parse_xml"]


def parse_xml(content: bytes, where: str) -> Element:
    """Parse XML, with the namespaces removed from all tags.

    Parameters
    ----------
    content : bytes
        The document.
    where : str
        Name of the file in messages.

    Returns
    -------
    Element
        The root.

    Raises
    ------
    DamagedFileError
        For broken or hostile XML (a DTD, entities).
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise DamagedFileError.of("xml_broken", where=where, why=str(error)) from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def child_text(element: Element | None, path: str) -> str:
    """Text of a descendant, stripped.

    Parameters
    ----------
    element : Element or None
        Its ancestor.
    path : str
        As `Element.find` takes it.

    Returns
    -------
    str
        Empty where there is none.
    """
    found = None if element is None else element.find(path)
    return (found.text or "").strip() if found is not None else ""
