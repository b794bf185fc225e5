"""`poolpipe token`: who may send to a store and read its tables, and what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from poolpipe.commands import options
from poolpipe.commands.frames import echo_json
from poolpipe.messages import message_in_language
from poolpipe.terminal.console import show, tell

if TYPE_CHECKING:
    from poolpipe.store.device_tokens import DeviceTokens

__all__ = ["token"]


@click.group(
    help="Look after the tokens of the devices that send to STORE.\n\n管理向数据仓库 STORE 发送数据的设备令牌。\n\n"
    "A service that runs takes changes at once.  运行中的服务立即生效。"
    "\n\n\b\nExamples  例:\n"
    "  poolpipe token campaign add S17-gun-2 --site S17 --kind collect --kind seal\n"
    "  poolpipe token campaign add health-office --read\n"
    "  poolpipe token campaign list\n"
    "  poolpipe token campaign revoke S17-gun-2"
)
@click.argument("store", metavar="STORE", type=click.Path(path_type=Path))
@click.pass_context
def token(ctx: click.Context, store: Path) -> None:
    """Group of the commands about tokens."""
    ctx.obj = store


def _devices(store: Path) -> DeviceTokens:
    from poolpipe.errors import InputError
    from poolpipe.store import is_store
    from poolpipe.store.device_tokens import DeviceTokens

    if not is_store(store):
        raise InputError.of("no_store", where=str(store))
    return DeviceTokens(store)


@token.command(
    help="Make a token for DEVICE, and print it, once.  为设备生成令牌（只显示一次）\n\n"
    "\b\nExamples  例:\n  poolpipe token campaign add S17-gun-2 --site S17 --kind collect\n"
    "  poolpipe token campaign add lab-2-screen --read --lab L2"
)
@click.argument("device", metavar="DEVICE")
@click.option(
    "--site",
    default="",
    metavar="SITE",
    help="The only site whose events it may send, and whose rows it reads  只能发送、读取此采样点的数据",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    metavar="KIND",
    help="A kind of event that it may send; default all  允许的事件种类，默认全部",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="N",
    help="Requests a second; default the policy's  每秒请求数，默认按规则",
)
@click.option(
    "--read",
    "reads",
    flag_value="tables",
    default="",
    help="It reads tables, with pseudonyms; it sends only what --kind names  读取结果表（假名）；仅发送 --kind 所列种类",
)
@click.option(
    "--identities",
    "reads",
    flag_value="identities",
    help="It reads tables with identities; each look is logged  读取含身份信息的结果表，每次读取均留痕",
)
@click.option(
    "--lab",
    default="",
    metavar="LAB",
    help="The only laboratory whose rows it reads  只能读取此实验室的行",
)
@click.pass_obj
def add(
    store: Path, *, device: str, site: str, kinds: tuple[str, ...], rate: float, reads: str, lab: str
) -> None:
    """Make a token."""
    made = _devices(store).add(device, site=site, kinds=kinds, rate=rate, reads=reads, lab=lab)
    tell(made)
    tell(message_in_language("token_told_once", {}), err=True)


@token.command(
    "list",
    help="The devices that have a token, or had one.  列出设备\n\n"
    "\b\nExamples  例:\n  poolpipe token campaign list\n  poolpipe token campaign list --json",
)
@options.as_json()
@click.pass_obj
def list_devices(store: Path, *, as_json: bool) -> None:
    """Show the devices."""
    from poolpipe.terminal.stores import device_board

    found = _devices(store).list()
    if as_json:
        names = ("name", "site", "rate", "made", "withdrawn", "reads", "lab")
        echo_json(
            [
                {each: getattr(device, each) for each in names} | {"kinds": sorted(device.kinds)}
                for device in found
            ]
        )
    else:
        show([device_board(found)])


@token.command(
    help="Withdraw DEVICE's token.  撤销设备的令牌\n\n\b\nExample  例:\n  poolpipe token campaign revoke S17-gun-1"
)
@click.argument("device", metavar="DEVICE")
@click.pass_obj
def revoke(store: Path, *, device: str) -> None:
    """Withdraw a token."""
    _devices(store).revoke(device)
    tell(message_in_language("token_withdrawn", {"device": device}))
