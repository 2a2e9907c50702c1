"""The section on a user's credentials."""

from collections.abc import Iterator
from datetime import datetime

from auditor.explaining.explanation import AccessKey, Credentials, Device, Explanation, OfUser, SigningCertificate
from auditor.explaining.facts import Fact
from auditor.writers.explanation.cells import (
    MUTED,
    UNKNOWN,
    Cell,
    Section,
    fact,
    flag,
    listed,
    moment,
    pairs,
    unknown,
    when,
)

_HARDWARE = "none; MFA is active by the credential report, so a hardware or FIDO device, which no input lists"


def credentials(user: OfUser, explanation: Explanation) -> Section:
    """Return the section on a user's credentials, with ages at the time of the credential report."""
    made = explanation.snapshot.report_generated_at
    return Section("Credentials", pairs([*_reported(user, made), *_verified(user)]), introduction=_basis(user, made))


def _basis(user: OfUser, made: datetime | None) -> str:
    if user.credentials.value is None:
        return ""
    if made is None:
        return "By a credential report of unknown time."
    return f"By the credential report of {moment(made)}; ages are of that time."


def _reported(user: OfUser, now: datetime | None) -> Iterator[tuple[str, Cell]]:
    row = user.credentials.value
    if row is None:
        yield "Credential report", unknown(user.credentials.unknown or "")
        yield "Virtual MFA devices", listed(user.mfa_devices, _device)
        return
    yield from _password(row, user.reset_required, now)
    yield "MFA", flag(row.mfa_active, "active", "not active")
    yield "Virtual MFA devices", _devices(user, row)
    for key in row.access_keys:
        yield f"Access key {key.number}", _key(key, now)
    for certificate in row.signing_certificates:
        if certificate.active.value is not False:
            yield f"Signing certificate {certificate.number}", _certificate(certificate, now)
    if row.other_keys.unknown is not None:
        yield "Other keys", unknown(row.other_keys.unknown)


def _password(row: Credentials, reset: Fact[bool], now: datetime | None) -> Iterator[tuple[str, Cell]]:
    yield "Console password", flag(row.password_enabled, "enabled", "none")
    if row.password_enabled.value is False:
        return
    yield "Password last used", fact(row.password_last_used, lambda time: when(time, now), "never, or not known to AWS")
    yield "Password changed", fact(row.password_last_changed, lambda time: when(time, now))
    yield "Password expires", fact(row.password_next_rotation, lambda time: when(time, now), "never")
    yield "Reset at next sign-in", flag(reset, "required", "not required")


def _devices(user: OfUser, row: Credentials) -> Cell:
    if not user.mfa_devices.items and user.mfa_devices.unknown is None and row.mfa_active.value:
        return Cell(_HARDWARE)
    return listed(user.mfa_devices, _device)


def _device(device: Device) -> str:
    since = f" (since {moment(device.enabled_at)})" if device.enabled_at else ""
    return f"{device.serial_number}{since}"


def _key(key: AccessKey, now: datetime | None) -> Cell:
    active = flag(key.active, "active", "not active")
    if key.last_rotated == Fact(None) and not key.active.value:
        return Cell("none", MUTED) if key.active.unknown is None else active
    parts = [
        active,
        _prefixed("made or activated ", fact(key.last_rotated, lambda time: when(time, now), "at an unknown time")),
        _last_use(key, now),
    ]
    return _joined(parts)


def _last_use(key: AccessKey, now: datetime | None) -> Cell:
    used = _prefixed("last used ", fact(key.last_used, lambda time: when(time, now), "never"))
    if key.last_used.value is None:
        return Cell("never used") if key.last_used.unknown is None else used
    return _joined([used, _prefixed("in ", fact(key.last_used_region)), _prefixed("for ", fact(key.last_used_service))])


def _certificate(certificate: SigningCertificate, now: datetime | None) -> Cell:
    made = fact(certificate.last_rotated, lambda time: when(time, now), "at an unknown time")
    return _joined([flag(certificate.active, "active", "not active"), _prefixed("made ", made)])


def _verified(user: OfUser) -> Iterator[tuple[str, Cell]]:
    """Yield the facts about the user that were read again from AWS."""
    if user.verified is not None:
        password = "a password" if user.verified.password_enabled else "no password"
        device = "an MFA device" if user.verified.mfa_active else "no MFA device"
        yield "Read from AWS again", Cell(f"{password}, {device} at {moment(user.verified.read_at)}")


def _prefixed(prefix: str, cell: Cell) -> Cell:
    return cell._replace(text=f"{prefix}{cell.text}")


def _joined(parts: list[Cell]) -> Cell:
    tone = next((each.tone for each in parts if each.tone == UNKNOWN), "")
    return Cell(", ".join(each.text for each in parts), tone)
