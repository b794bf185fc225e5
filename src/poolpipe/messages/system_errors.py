"""What an operating system says of a file (POSIX `strerror`), in Chinese."""

from __future__ import annotations

from typing import Final

__all__ = ["SYSTEM_ERRORS"]

_CHINESE: Final = {
    "Operation not permitted": "不允许的操作",
    "No such file or directory": "没有这个文件或文件夹",
    "Input/output error": "输入输出错误",
    "Bad file descriptor": "文件已关闭",
    "Cannot allocate memory": "内存不足",
    "Permission denied": "权限不足",
    "Device or resource busy": "设备或资源正忙",
    "File exists": "文件已存在",
    "Not a directory": "不是文件夹",
    "Is a directory": "是文件夹",
    "Invalid argument": "参数无效",
    "Too many open files": "打开的文件过多",
    "Text file busy": "文件正被执行",
    "File too large": "文件过大",
    "No space left on device": "磁盘空间不足",
    "Read-only file system": "文件系统只读",
    "Broken pipe": "管道已断开",
    "File name too long": "文件名过长",
    "Directory not empty": "文件夹不为空",
    "Too many levels of symbolic links": "符号链接层数过多",
    "Stale file handle": "文件句柄已失效",
    "Disk quota exceeded": "超出磁盘配额",
    "Connection timed out": "连接超时",
}
SYSTEM_ERRORS: Final = tuple(_CHINESE.items())
"""English and Chinese."""
