"""The tables of a ledger, and how a file of a store is asked for there."""

from __future__ import annotations

from typing import Final

__all__ = ["CHECKSUMS", "FORGET_CHECKSUMS", "PARTS", "SCHEMA", "WITHDRAWN", "WITHOUT_CHECKSUMS"]

WITHDRAWN: Final = """
create table if not exists withdrawn (
    input integer not null, accepted integer not null, rejected integer not null, why text not null,
    version integer not null) strict;
"""
"""Stores that were made before there was such a table get it when something is first withdrawn."""

CHECKSUMS: Final = """
create table if not exists checksums (path text primary key, checksum text not null) strict, without rowid;
"""
"""Of files of `tables` and of `vault`. Stores that were made before there was such a table get it with their next file.

A file's content and name never change, so that a row is right whichever commit it is of, and where one is missing the file
is proved by its SHA-256: other versions of poolpipe read and write the same ledger.
"""

FORGET_CHECKSUMS: Final = """
delete from checksums where path not in (select path from parts union select vault from parts where vault is not null)
"""

WITHOUT_CHECKSUMS: Final = "with checksums (path, checksum) as (select '', '' where false) "
"""What stands before `PARTS` where a ledger has no checksums."""

PARTS: Final = (
    "select content, parts.path, rows, bytes, sha256, coalesce(vault, ''), coalesce(vault_bytes, 0), "
    "coalesce(vault_sha256, ''), first_at, last_at, id, coalesce(clear.checksum, ''), coalesce(sealed.checksum, '') from parts "
    "left join checksums as clear on clear.path = parts.path left join checksums as sealed on sealed.path = parts.vault "
)
"""The columns of `TablePart`."""

SCHEMA: Final = """
create table meta (name text primary key, value blob not null) strict;
create table versions (
    version integer primary key, at text not null, what text not null, files text not null, inputs text not null) strict;
create table parts (
    id integer primary key, content text not null, path text not null unique, rows integer not null,
    bytes integer not null, sha256 text not null, vault text, vault_bytes integer, vault_sha256 text,
    first_at integer, last_at integer, added integer not null, removed integer) strict;
create table inputs (
    id integer primary key, name text not null, sha256 text, arrived integer not null, version integer not null,
    read integer not null, accepted integer not null, duplicates integer not null, rejected integer not null,
    told text not null) strict;
create index inputs_by_content on inputs (sha256);
create table unsealings (at text not null, who text not null, what text not null, why text not null) strict;
"""
