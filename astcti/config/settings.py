"""Every runtime setting: name, default, type, unit, range, and when a change of it takes effect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astcti.config.addresses import is_loopback, split_address
from astcti.config.encodings import line_codec_of
from astcti.config.setting import Setting, declare
from astcti.errors import ConfigError

if TYPE_CHECKING:
    from astcti.config.bootstrap import Bootstrap
    from astcti.config.model import Configuration

MIN_RETRY_SECONDS = 5  # asked of a PBX that refuses us; smaller values are raised to it
SOURCES_OWN = "auth_[a-z0-9]+_[a-z0-9_]+"  # settings of one source of authentication, read by itself
NO_SETTINGS = frozenset({"db_version", "last_update"})  # in server_settings of later data bases, but no settings


def _codec(text: str) -> str:
    return line_codec_of(text) if text else ""


def _address(text: str) -> str:
    if text:
        split_address(text)
    return text


def _version(text: str) -> str:
    if text.lower() != "auto" and not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}", text):
        raise ValueError(f"{text!r} is neither auto nor a version such as 1.4 or 22")
    return text.lower()


def _variable(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        raise ValueError(f"{text!r} is no name of a variable")
    return text


_RECONNECTS, _NEW, _START = "reconnects to the PBX", "new connections", "listeners are opened anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings in force, typed; the defaults here are overridden by the bootstrap file, then by the data."""

    ami_host: str = declare("localhost", "where the PBX manager listens", live=_RECONNECTS)
    ami_port: int = declare(5038, "its port", low=1, high=65535, live=_RECONNECTS)
    ami_user: str = declare("", "manager user", live=_RECONNECTS)
    ami_secret: str = declare("", "its secret", live=_RECONNECTS, secret=True)
    ami_tls: bool = declare(False, "connect in TLS", live=_RECONNECTS)
    ami_ca_file: str = declare(
        "", "certificates that vouch for the PBX; else the system's", live=_RECONNECTS, path=True
    )
    ami_plaintext_login: bool = declare(False, "send the secret itself where MD5 is not supported", live=_RECONNECTS)
    ami_connect_timeout: int = declare(1500, "for the connection to be made", unit="ms", low=100, high=60000)
    ami_connect_retries: int = declare(-1, "-1 for ever, 0 not at all, else how often in a row", low=-1, high=1000000)
    ami_connect_retry_after: int = declare(30, "pause before the next try; less is raised to 5", unit="s",
                                            low=MIN_RETRY_SECONDS, high=86400)  # fmt: skip
    ami_ping_interval: int = declare(30, "silence after which the PBX is asked for a sign of life; 0 never", unit="s",
                                      low=1, high=3600, off=0)  # fmt: skip
    ami_response_timeout: int = declare(10, "for the answer to an action", unit="s", low=1, high=300)
    asterisk_version: str = declare("auto", "which one it is to be, for the doctor to compare", check=_version)

    cti_server_address: str = declare("0.0.0.0", "where clients connect to", live=_START)  # noqa: S104 the spec's default
    cti_server_port: int = declare(5000, "its port; 0 any free one, for tests", low=0, high=65535, live=_START)
    tls_address: str = declare("", "host:port of the TLS listener; empty for none", check=_address, live=_START)
    tls_cert: str = declare("", "certificate chain (PEM), also for STLS", live=_START, path=True)
    tls_key: str = declare("", "its key (PEM); empty if it is in the same file", live=_START, path=True)
    qt_address: str = declare("", "host:port of the listener for historic clients", check=_address, live=_START)
    require_tls: str = declare("warn", "logins without TLS; no on a loopback-only listener unless set",
                                choices=("no", "warn", "yes"))  # fmt: skip
    cti_read_timeout: int = declare(15000, "silence after which a client is closed; 0 never", unit="ms",
                                     low=5000, high=3600000, off=0, live="yes, at the next KEEP")  # fmt: skip
    cti_connect_timeout: int = declare(30000, "from connect to login", unit="ms", low=1000, high=600000)
    cti_socket_compression_level: int = declare(7, "0 none, 1 fast, 9 small", low=0, high=9, live=_NEW)
    zlib_history: int = declare(4096, "per client; 0 an ordinary stream", unit="bytes", low=0, high=32768, live=_NEW)
    zlib_window_bits: int = declare(13, "of an ordinary stream", low=10, high=15, live=_NEW)
    zlib_mem_level: int = declare(6, "of an ordinary stream", low=1, high=9, live=_NEW)
    dialect: str = declare("auto", "of the protocol", choices=("auto", "v1", "v2"), live=_NEW)
    legacy_charset: str = declare("", "of lines that are not UTF-8; empty refuses them", check=_codec, live=_NEW)
    max_clients: int = declare(20000, "clients at once", low=1, high=1000000)
    max_unauthenticated: int = declare(32, "connections without a login at once; more wait", low=1, high=100000)
    max_unauthenticated_per_address: int = declare(64, "the same, of one address", low=1, high=100000)

    auto_answer_context: str = declare("", "dial-plan context that makes a phone answer by itself")
    park_context: str = declare("", "dial-plan context of the parking lot")
    conference_context: str = declare("", "dial-plan context of conferences")
    record_dir: str = declare("", "on the PBX, for recordings")
    wrapup_mode: str = declare("pause", "how after-call work takes an operator out", choices=("pause", "remove"))
    pause_after_call: bool = declare(False, "a pause asked for during a call begins when that is over")
    pause_grace: int = declare(3600, "a lost client's operator finds pauses as they were for so long", unit="s",
                                low=0, high=86400)  # fmt: skip
    autopause_missed: int = declare(0, "calls of queues not answered in a row that pause an operator; 0 never",
                                     low=0, high=1000)  # fmt: skip
    allow_roaming_extension: bool = declare(True, "operators without a fixed seat may sit at any")
    allow_any_extension: bool = declare(False, "operators without a fixed seat may also name a phone that no seat has")
    orig_while_paused: bool = declare(True, "a paused operator may dial")
    orig_any_priority: bool = declare(False, "a client may name a priority other than 1")
    orig_timeout: int = declare(30, "for the operator's own phone to be answered", unit="s", low=5, high=300)
    orig_per_minute: int = declare(30, "calls that one operator may begin; 0 any number", low=1, high=6000, off=0)
    orig_account: str = declare("", "account code of calls that operators begin; {OPERATOR} {SEAT} {SERVICE}")
    takeover: bool = declare(False, "a second login of an operator ends the first, instead of being refused")
    disconnect_clients_on_ami_loss: bool = declare(False, "as soon as the link to the PBX is lost")
    ami_grace: int = declare(60, "clients are kept so long without the PBX", unit="s", low=0, high=86400)
    auth_sources: tuple[str, ...] = declare(("own",), "who knows passwords, in the order in which they are asked")
    auth_timeout: int = declare(10, "for one of them to answer", unit="s", low=1, high=120)
    upgrade_hashes: bool = declare(True, "MD5 credentials become argon2id at the next login")

    any_context_variable: str = declare("", "without any service, each context in which it is set is one; empty: none",
                                         check=_variable)  # fmt: skip

    url_schemes: tuple[str, ...] = declare(("http", "https"), "a page to open may have")
    leading_dash: str = declare(
        "drop", "of callers, in program arguments; keep lets them name options", choices=("drop", "keep")
    )
    allow_local_server_actions: bool = declare(False, "server-side messages to this machine are no warning")

    action_timeout: int = declare(30, "for a client to say what became of an action", unit="s", low=1, high=3600)
    actions_kept: int = declare(20000, "actions whose outcome is remembered", low=100, high=1000000)
    actions_kept_hours: int = declare(72, "how long", unit="h", low=1, high=8760)

    config_poll_interval: int = declare(5, "between looks for a new configuration", unit="s", low=1, high=3600)
    keep_configurations: int = declare(10, "files left in the folder of configurations", low=1, high=10000)
    event_store: str = declare("off", "where events are stored")
    event_retention_days: int = declare(90, "how long", unit="days", low=0, high=36500)

    @classmethod
    def of(cls, configuration: Configuration | None = None, bootstrap: Bootstrap | None = None) -> Settings:
        """The settings of a configuration, over those of the bootstrap file, over the defaults.

        :raises ConfigError: one of them has a wrong type or is out of range.
        """
        texts = {**(bootstrap.settings if bootstrap else {}), **(configuration.settings if configuration else {})}
        values, errors, _ = read_settings(texts)
        if errors:
            raise ConfigError(*(f"server_settings {name}, val: {text}" for name, text in errors))
        for setting in SETTINGS:
            if bootstrap is not None and setting.path and values.get(setting.name):
                values[setting.name] = str(bootstrap.path.parent / Path(values[setting.name]))
        settings = cls(**values)
        if "require_tls" not in values and is_loopback(settings.cti_server_address):
            return replace(settings, require_tls="no")
        return settings


SETTINGS: tuple[Setting, ...] = tuple(
    Setting(name=f.name, default=f.default, type=str(f.type), **f.metadata) for f in fields(Settings)
)


@cache
def settings_by_name() -> Mapping[str, Setting]:
    """The table by name."""
    return {setting.name: setting for setting in SETTINGS}


def read_settings(
    texts: Mapping[str, str],
) -> tuple[dict[str, Any], list[tuple[str, str]], list[tuple[str, str]]]:
    """Read settings.

    :returns: values by name, then (name, sentence) of each error, then of each warning.
    """
    values: dict[str, Any] = {}
    errors: list[tuple[str, str]] = []
    warnings: list[tuple[str, str]] = []
    for name, text in texts.items():
        setting = settings_by_name().get(name)
        if setting is None and re.fullmatch(SOURCES_OWN, name):
            continue  # whether any source reads it is known where the sources are
        if setting is None:
            warnings.append((name, "there is no setting of that name"))
            continue
        try:
            if name == "ami_connect_retry_after" and re.fullmatch(r"\s*(-[0-9]+|0*[0-4])\s*", text):
                warnings.append((name, f"{text.strip()} is raised to {MIN_RETRY_SECONDS} s"))
                values[name] = MIN_RETRY_SECONDS
            else:
                values[name] = setting.read(text)
        except ValueError as e:
            errors.append((name, str(e)))
    return values, errors, warnings
