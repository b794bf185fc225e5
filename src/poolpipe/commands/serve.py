"""`poolpipe serve`: take scans from devices as they come."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

from poolpipe.commands import options
from poolpipe.messages import message_in_language
from poolpipe.terminal.console import check_inputs, tell
from poolpipe.terminal.loading import loading

__all__ = ["serve"]


@click.command(
    help="Take scans from devices over HTTP into STORE, which is made where there is none, and show its tables to who may read "
    "them. What is acknowledged is on disk and synced, and counted once whatever is sent again.\n\n"
    "通过 HTTP 接收设备扫码，收入数据仓库 STORE（没有则新建），并向有权读取者提供结果表。已确认的数据已写入磁盘，重复发送只计一次。\n\n"
    "A device needs a token: `poolpipe token STORE add DEVICE`. SIGTERM or Ctrl-C ends it, once all that was acknowledged is "
    "in the tables. Logs are JSON lines on stderr, without identities. docs/serve.md tells more.\n\n"
    "设备须有令牌：`poolpipe token STORE add DEVICE`。SIGTERM 或 Ctrl-C 停止服务，停止前把已确认的数据全部收入。"
    "日志以 JSON 行写到 stderr，不含身份信息。详见 docs/serve.zh.md。"
    "\n\n\b\nExamples  例:\n"
    "  poolpipe serve campaign --host 0.0.0.0 --port 8443\n"
    "  poolpipe serve campaign --certificate c.pem --private-key k.pem\n"
    "  poolpipe serve campaign --nats nats://nats-1:4222"
)
@click.argument("store", metavar="STORE", type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at  监听地址")
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port; 0 for any  端口，0 为任选",
)
@click.option(
    "--certificate",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Certificates of TLS, PEM  TLS 证书（PEM）",
)
@click.option(
    "--private-key",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Private key of TLS, PEM  TLS 私钥（PEM）",
)
@click.option(
    "--nats",
    metavar="[URL]",
    is_flag=False,
    flag_value="127.0.0.1:4222",
    help="Read the stream of a NATS cluster, too; without URL start a server  同时从 NATS 流收取，不给 URL 则自启服务器",
)
@click.option(
    "--nats-credentials",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Credentials for the cluster  集群凭据文件",
)
@click.option(
    "--policy",
    metavar="POLICY",
    help="Limits by its section [serve]; of a new store all of it  接收限度取其 [serve] 节；新建仓库则全部采用",
)
@click.option(
    "--no-tables",
    is_flag=True,
    help="Take scans only: no /tables, no /changes  只接收扫码，不提供 /tables 与 /changes",
)
@options.key
def serve(
    store: Path,
    *,
    host: str,
    port: int,
    certificate: Path | None,
    private_key: Path | None,
    policy: str | None,
    no_tables: bool,
    nats: str | None,
    nats_credentials: Path | None,
    key: str | None,
) -> None:
    """Serve a store."""
    if (certificate is None) != (private_key is None):
        raise click.UsageError(message_in_language("tls_needs_both", {}))
    check_inputs(str(each) for each in (certificate, private_key, nats_credentials, key) if each)
    with loading():
        from poolpipe.errors import InputError
        from poolpipe.policy import load_policy
        from poolpipe.store import Store, is_store

    if find_spec("granian") is None:
        raise InputError.of("serve_not_installed", where="granian")
    if nats is not None and find_spec("nats") is None:
        raise InputError.of("nats_not_installed", where="nats-py")
    with loading():
        from poolpipe.serve.service import serve as serve_store
        from poolpipe.serve.stream_server import StreamAsked

    rules, made = load_policy(policy) if policy else None, not is_store(store)
    with Store(store, key=key, policy=rules if made else None) as opened:
        if made:
            place = opened.key_file
            tell(message_in_language("store_made", {"store": str(store), "key": str(place)}), err=True)
        serve_store(
            opened,
            host=host,
            port=port,
            certificate=certificate,
            key=private_key,
            policy=rules,
            tables=not no_tables,
            stream=StreamAsked(nats, nats_credentials) if nats is not None else None,
        )
