"""Messages about the stream: the inbox, the doors and the devices."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["STREAMS"]

STREAMS: Final = {
    "inbox_damaged": Message(
        "scans that were acknowledged cannot be read from byte {place} on: {why}",
        "自第 {place} 字节起，已确认收到的记录无法读取：{why}",
        "restore the file from a copy; or give up what it held with `poolpipe repair STORE --accept-loss`",
        "请从备份恢复该文件；或用 `poolpipe repair STORE --accept-loss` 放弃其中内容",
    ),
    "inbox_damage_head": Message("its head is not as it was written", "文件头与写入时不符"),
    "inbox_damage_record": Message("a record is not as it was written", "记录与写入时不符"),
    "inbox_damage_order": Message("records before it are missing", "此前的记录缺失"),
    "inbox_damage_key": Message("sealed by another key", "由另一密钥加密"),
    "inbox_damage_end": Message("records behind it are missing", "此后的记录缺失"),
    "inbox_unreadable_body": Message(
        "what came in one request cannot be read: {why}", "一次请求的内容无法读取：{why}"
    ),
    "device_unnamed": Message(
        "a device has a name of 1 to 64 characters, which does not begin with `nats `",
        "设备名须为 1 至 64 个字符，且不得以 `nats ` 开头",
        "name it as its scans do in `device`",
        "请与扫码记录中的 `device` 一致",
    ),
    "device_has_token": Message(
        "has a token that counts",
        "已有有效令牌",
        "withdraw it with `poolpipe token STORE revoke DEVICE` first",
        "请先用 `poolpipe token STORE revoke DEVICE` 撤销",
    ),
    "device_unknown": Message(
        "no such device has a token",
        "没有持有令牌的此设备",
        "{hint}`poolpipe token STORE list` names them",
        "{hint}请用 `poolpipe token STORE list` 查看",
    ),
    "token_told_once": Message(
        "This token is shown once; the store keeps only its hash. Put it into the device as `Authorization: Bearer TOKEN`.",
        "令牌只显示这一次，仓库仅保存其散列值。请在设备中设为 `Authorization: Bearer TOKEN`。",
    ),
    "token_withdrawn": Message("{device}: its token is not taken any more", "{device}：令牌已失效"),
    "door_ended": Message(
        "the door ended by itself (status {status}); what it had acknowledged is kept",
        "接收进程意外结束（状态 {status}）；已确认的数据已保存",
        "read the log above, and start it again",
        "请查看上方日志并重新启动",
    ),
    "port_taken": Message(
        "cannot listen there: {why}",
        "无法在此监听：{why}",
        "give `poolpipe serve` another --host or --port",
        "请另选 `poolpipe serve` 的 --host 或 --port",
    ),
    "serve_not_installed": Message(
        "the door needs granian, which is not installed",
        "接收服务需要 `granian`，尚未安装",
        "`pip install 'poolpipe[serve]'`",
        "请执行 `pip install 'poolpipe[serve]'`",
    ),
    "nats_not_installed": Message(
        "`poolpipe serve --nats` needs nats-py, and to start a server of its own nats-server, which are not installed",
        "`poolpipe serve --nats` 需要 `nats-py`，自启服务器还需要 `nats-server`，尚未安装",
        "`pip install 'poolpipe[nats]'`",
        "请执行 `pip install 'poolpipe[nats]'`",
    ),
    "nats_not_started": Message(
        "the NATS server of this store did not start (status {status})",
        "本仓库的 NATS 服务器未能启动（状态 {status}）",
        "read that file; where the port is taken, `poolpipe serve STORE --nats HOST:PORT` takes another",
        "请查看该文件；端口被占用时请用 `poolpipe serve STORE --nats HOST:PORT` 另选端口",
    ),
    "nats_address": Message(
        "is neither `nats://HOST:PORT` nor `HOST:PORT`",
        "既非 `nats://HOST:PORT`，也非 `HOST:PORT`",
        "give the URL of the cluster, or where a server is to be started: `poolpipe serve STORE --nats 127.0.0.1:4222`",
        "请给出集群 URL，或自启服务器的地址：`poolpipe serve STORE --nats 127.0.0.1:4222`",
    ),
    "stream_holds": Message(
        "the NATS server of this store may hold messages that are not in the tables yet, sealed by the key that would go",
        "本仓库的 NATS 服务器可能仍有未收入各表的消息，由即将更换的密钥加密",
        "start `poolpipe serve STORE --nats` and end it: then all of them are in the tables",
        "请启动 `poolpipe serve STORE --nats` 再正常停止，使其全部收入",
    ),
    "tls_needs_both": Message(
        "`poolpipe serve` takes --certificate and --private-key together",
        "`poolpipe serve` 的 --certificate 与 --private-key 须同时给出",
    ),
    "path_unknown": Message(
        "there is nothing at this path",
        "没有此路径",
        "POST to /events or /events/KIND; docs/serve.md has the others",
        "请 POST 到 /events 或 /events/KIND；其他路径见 docs/serve.zh.md",
    ),
    "method_not_allowed": Message(
        "this path does not take this method", "此路径不接受该方法", "POST to /events", "请 POST 到 /events"
    ),
    "kind_of_path_unknown": Message(
        "the path names no kind of event", "路径中不是事件种类", "one of {kinds}", "请用 {kinds} 之一"
    ),
    "token_not_taken": Message(
        "no token, or one that does not count",
        "没有令牌，或令牌无效",
        "send `Authorization: Bearer TOKEN`; `poolpipe token STORE add DEVICE` makes one",
        "请发送 `Authorization: Bearer TOKEN`；令牌由 `poolpipe token STORE add DEVICE` 生成",
    ),
    "kind_not_allowed": Message(
        "this device may not send this kind of event",
        "此设备不得发送该种事件",
        "it may send {kinds}",
        "可发送：{kinds}",
    ),
    "site_not_allowed": Message(
        "this device may not send for another site",
        "此设备不得为其他采样点发送",
        "it may send for {site}",
        "仅限采样点 {site}",
    ),
    "record_not_allowed": Message(
        "this device may not send this kind of event, or for this site",
        "此设备不得发送该种事件，或不得为该采样点发送",
        "`poolpipe token STORE list` tells what it may send",
        "请用 `poolpipe token STORE list` 查看其权限",
    ),
    "device_too_fast": Message(
        "this device sends too fast",
        "此设备发送过快",
        "come again after `Retry-After` seconds",
        "请在 `Retry-After` 秒后重发",
    ),
    "service_full": Message(
        "the service has as much as it can hold",
        "服务已满",
        "come again after `Retry-After` seconds",
        "请在 `Retry-After` 秒后重发",
    ),
    "service_ends": Message(
        "the service is ending",
        "服务正在停止",
        "come again after `Retry-After` seconds",
        "请在 `Retry-After` 秒后重发",
    ),
    "disk_full": Message(
        "the disk is full; nothing was kept",
        "磁盘已满，未保存",
        "come again after `Retry-After` seconds",
        "请在 `Retry-After` 秒后重发",
    ),
    "body_too_large": Message(
        "the body is larger than {most} bytes",
        "正文超过 {most} 字节",
        "send it in several requests",
        "请分几次发送",
    ),
    "body_too_slow": Message(
        "the body took too long to arrive", "正文接收超时", "send it again", "请重新发送"
    ),
    "body_encoding_unknown": Message(
        "Content-Encoding {encoding} is not known",
        "不支持 Content-Encoding {encoding}",
        "gzip or zstd",
        "请用 `gzip` 或 `zstd`",
    ),
    "body_damaged": Message(
        "the body cannot be unpacked as {encoding}",
        "正文无法按 {encoding} 解压",
        "send it again",
        "请重新发送",
    ),
    "body_empty": Message("the body is empty", "正文为空", "send at least one record", "请至少发送一条记录"),
    "body_no_json": Message(
        "the body is no JSON",
        "正文不是 JSON",
        "one object, a list of objects, or an object a line",
        "请发送一个对象、对象列表，或每行一个对象",
    ),
    "body_no_arrow": Message(
        "the body is no Arrow stream", "正文不是 Arrow 流", "send an Arrow IPC stream", "请发送 Arrow IPC 流"
    ),
    "body_not_read": Message(
        "the body cannot be read: {why}",
        "无法读取正文：{why}",
        "send JSON, NDJSON, CSV or Arrow",
        "请发送 JSON、NDJSON、CSV 或 Arrow",
    ),
    "body_without_header": Message(
        "the body is neither JSON nor Arrow, and its first line names no columns",
        "正文不是 JSON 或 Arrow，首行也没有列名",
        "send JSON, NDJSON, CSV or Arrow",
        "请发送 JSON、NDJSON、CSV 或 Arrow",
    ),
    "reading_not_allowed": Message(
        "this token may not read tables",
        "此令牌不得读取结果表",
        "`poolpipe token STORE add NAME --read` makes one that may",
        "请用 `poolpipe token STORE add NAME --read` 生成可读取的令牌",
    ),
    "sending_not_allowed": Message(
        "this token reads, and may not send",
        "此令牌仅供读取，不得发送",
        "`poolpipe token STORE add DEVICE` makes one that may send",
        "请用 `poolpipe token STORE add DEVICE` 生成可发送的令牌",
    ),
    "table_not_allowed": Message(
        "this token reads the rows of one site or laboratory; {name} cannot be told apart by it",
        "此令牌只读一个采样点或实验室的行；表 {name} 无法据此区分",
        "read pools, members, recalls, cases or anomalies, or ask for a token of all sites and laboratories",
        "请读取 pools、members、recalls、cases 或 anomalies，或申请不限采样点与实验室的令牌",
    ),
    "table_unknown": Message("there is no such table", "没有此表", "one of {tables}", "请用 {tables} 之一"),
    "query_not_understood": Message(
        "the query cannot be answered: {why}",
        "无法回答此查询：{why}",
        "docs/serve.md has what can be asked",
        "可查询的内容见 docs/serve.zh.md",
    ),
    "tables_being_made": Message(
        "the tables are being concluded; scans are taken meanwhile",
        "正在得出结果表；其间照常接收扫码",
        "come again after `Retry-After` seconds",
        "请在 `Retry-After` 秒后重试",
    ),
    "tables_not_served": Message(
        "this service holds no tables",
        "此服务不提供结果表",
        "start it with `poolpipe serve STORE`, without its --no-tables",
        "请用 `poolpipe serve STORE` 启动，不带其 --no-tables",
    ),
    "tables_behind": Message(
        "the request that was asked for is not in the tables yet",
        "所询请求尚未进入结果表",
        "come again after `Retry-After` seconds",
        "请在 `Retry-After` 秒后重试",
    ),
    "after_not_acknowledged": Message(
        "after is beyond the last request that was acknowledged, {newest}",
        "`after` 超出最后一个已确认的请求 {newest}",
    ),
    "query_no_number": Message(
        "{given} is no whole number from 0",
        "{given} 不是非负整数",
        "give digits, {most} at most",
        "请给出数字，至多 {most} 位",
    ),
    "query_given_twice": Message(
        "is given more than once", "给出了多次", "ask once for each of its values", "请对每个取值分别查询"
    ),
    "query_too_long": Message(
        "the query is longer than {most} bytes", "查询超过 {most} 字节", "ask for less", "请缩短查询"
    ),
    "answer_failed": Message(
        "the answer could not be made",
        "未能得出答复",
        "the line `answer_failed` of the service's log says where: please report it",
        "服务日志中的 `answer_failed` 一行记有位置，请报告",
    ),
    "too_many_readers": Message(
        "too many read at once",
        "同时读取者过多",
        "come again after `Retry-After` seconds",
        "请在 `Retry-After` 秒后重试",
    ),
    "lab_without_reading": Message(
        "`poolpipe token STORE add` takes --lab with --read or --identities alone: it restricts what a token reads",
        "`poolpipe token STORE add` 的 --lab 限定可读取的内容，须与 --read 或 --identities 同用",
        "`poolpipe token STORE add NAME --read --lab LAB`",
        "请用 `poolpipe token STORE add NAME --read --lab LAB`",
    ),
}
