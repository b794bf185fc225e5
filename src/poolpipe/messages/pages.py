"""Messages of pages: a file that may not be written."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["PAGES"]

_ANOTHER = ("name another file with --out", "请用 --out 指定其他文件")

PAGES: Final = {
    "page_suffix": Message(
        "a page is a file whose name ends in .html",
        "页面文件名须以 .html 结尾",
        "write --out page.html",
        "请写作 --out page.html",
    ),
    "page_is_folder": Message("{name} is a folder, not a file", "{name} 是文件夹而非文件", *_ANOTHER),
    "page_folder": Message(
        "the folder {folder} is missing, or you may not write there",
        "文件夹 {folder} 不存在或无写入权限",
        "make the folder, or name another file with --out",
        "请先建立该文件夹，或用 --out 指定其他文件",
    ),
    "page_of_others": Message(
        "is there and is no page of poolpipe; nothing is written over it",
        "已存在且不是 poolpipe 的页面，不予覆盖",
        *_ANOTHER,
    ),
}
