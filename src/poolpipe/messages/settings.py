"""Messages about one setting, or several together, that break a rule."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["SETTINGS"]

SETTINGS: Final = {
    "setting_gone": Message("there is no such setting any more: {why}", "该项设置已取消：{why}"),
    "setting_unknown": Message("there is no such setting", "没有这项设置"),
    "setting_misspelt": Message("there is no such setting, did you mean {near}?", "没有这项设置，是否为 {near}"),
    "setting_yes_or_no": Message("is {value}, and no setting is a yes or no", "现为 {value}，设置不能填是或否"),
    "setting_above": Message("must be greater than {least}, not {value}", "须大于 {least}，现为 {value}"),
    "setting_at_least": Message("must be greater than or equal to {least}, not {value}", "不得小于 {least}，现为 {value}"),
    "setting_below": Message("must be less than {most}, not {value}", "须小于 {most}，现为 {value}"),
    "setting_at_most": Message("must be less than or equal to {most}, not {value}", "不得大于 {most}，现为 {value}"),
    "setting_finite": Message("must be a finite number, not {value}", "须为有限数值，现为 {value}"),
    "setting_number": Message("must be a number, not {value}", "须为数字，现为 {value}"),
    "setting_whole": Message("must be a whole number, not {value}", "须为整数，现为 {value}"),
    "setting_text": Message("must be a text in quotes, not {value}", "须为带引号的文字，现为 {value}"),
    "setting_list": Message("must be a list, as [\"a\", \"b\"], not {value}", "须为列表，如 [\"a\", \"b\"]，现为 {value}"),
    "setting_table": Message("must be a table of settings, not {value}", "须为设置表，现为 {value}"),
    "setting_time": Message(
        "must be a time, as 2022-02-10T18:00:00+08:00, not {value}",
        "须为时间，如 2022-02-10T18:00:00+08:00，现为 {value}",
    ),
    "setting_choice": Message("must be one of {choices}, not {value}", "只能取 {choices}，现为 {value}"),
    "setting_too_few": Message("must have at least {least}, not {value}", "至少须有 {least} 个，现为 {value}"),
    "setting_too_many": Message("must have at most {most}, not {value}", "最多只能有 {most} 个，现为 {value}"),
    "setting_blank": Message("is nothing but blanks: write a name, or leave the setting out", "不能为空白，请填写或删去该项"),
    "setting_other": Message("{why}", "该项设置的值不可用：{why}"),
    "setting_regex": Message(
        "{pattern} is no regular expression that can be used here ({engine}): {why}",
        "{pattern} 不是可用的正则表达式（{engine}）：{why}",
    ),
    "setting_offset": Message("offset of {name} is {offset}; write it as +08:00", "{name} 的时差为 {offset}，请写作 +08:00"),
    "setting_zone": Message("{name!r} is not a time zone of the IANA database, such as {likely}", "{name!r} 不是 IANA 时区，例如 {likely}"),
    "grey_below_detected": Message("grey_ct {grey} lies below detected_ct {detected}", "grey_ct {grey} 低于 detected_ct {detected}"),
    "targets_alike": Message("targets and the internal control must have names of their own", "靶标与内标不得重名"),
    "target_blank": Message(
        "the name of a target begins or ends with a blank: no reading would ever be called so",
        "靶标名首尾不得有空格",
    ),
    "city_clocks": Message("city_all {all} lies below city_half {half}", "city_all {all} 小于 city_half {half}"),
    "look_back_short": Message(
        "look_back_days {back} lies below silence_days {days}", "look_back_days {back} 小于 silence_days {days}",
    ),
    "prior_tiny": Message(
        "prior {prior} is above 0 and below {least}: write 0 for people who cannot be infected",
        "prior {prior} 大于 0 而小于 {least}，确无感染可能请填 0",
    ),
    "positive_misleads": Message(
        "sensitivity {sensitivity} is below 1 - specificity {complement}: a positive would speak against infection",
        "灵敏度 {sensitivity} 低于 1 - 特异度 {complement}：阳性反而说明未感染",
    ),
}  # fmt: skip
