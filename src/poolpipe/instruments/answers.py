"""How a question is answered: the option or the key that decides it, in the command that was typed."""

from __future__ import annotations

from typing import Literal

from poolpipe.import_policy import ImportPolicy

__all__ = ["answer"]

Command = Literal["import", "run"]

TABLE = "[machines] of --policy FILE"
OPTIONS = {
    "plate": "--plate BARCODE",
    "lab": "--lab LAB",
    "at": "--at TIME",
    "zone": "--zone ZONE",
    "date_order": "--date-order mdy or dmy",
    "no_call_ct": "--no-call-ct CT",
    "targets": "--target NAME=TARGET",
    "round": "--round ROUND",
}
OF_ONE_FILE = ("plate", "at")  # no policy of a campaign can say these of a single file


def answer(setting: str, command: Command = "import") -> str:
    """Where a question is answered.

    Parameters
    ----------
    setting : str
        As `Question.setting` has it: a setting of `ImportPolicy`, an option of `import`, or what to do by other means.
    command : {"import", "run"}
        What the user typed.

    Returns
    -------
    str
        An option of that command, a key of the policy file that it takes, or what to do.

    Examples
    --------
    >>> answer("at")
    '--at TIME'
    >>> answer("zero_ct", "run")
    'zero_ct under [machines] of --policy FILE'
    """
    if command == "run" and (setting in OF_ONE_FILE or setting.startswith("--")):
        option = OPTIONS.get(setting, setting)
        return f"poolpipe import FILE {option} --lab LAB --out FOLDER, then run FOLDER"
    if command == "import" and setting in OPTIONS:
        return OPTIONS[setting]
    return f"{setting} under {TABLE}" if setting in ImportPolicy.model_fields else setting
