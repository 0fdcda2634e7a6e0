"""The lock-out as text that outlives the daemon, and what is left of it afterwards; pure, time is passed in.

No wall clock is in it: a board may have none that is right, and whoever can set it must gain nothing. Within one boot
the monotonic clock counts on over restarts of the daemon. Over a boot nobody knows how long the board was off, so
a pause that was still under way begins again in full. A record that cannot be read counts as the longest pause.
"""

import json

from facelatch.errors import StoreError
from facelatch.fields import decode_object
from facelatch.lockout import Lockout, LockoutRule

FORMAT = 1
_MOST_REFUSALS = 2**31


def to_text(lockout: Lockout, boot: str, now_ns: int) -> str:
    """The record; `boot` is what the kernel calls this boot, and a pause that is over is left out."""
    until_ns = lockout.locked_until_ns if lockout.is_locked(now_ns) else None
    return json.dumps(
        {
            "format": FORMAT,
            "boot": boot,
            "refusals": min(lockout.refusals, _MOST_REFUSALS),
            "locked_until_ns": until_ns,
        }
    )


def restored(text: str, source: str, rule: LockoutRule, boot: str, now_ns: int) -> Lockout:
    """The lock-out that a record tells of; raises `StoreError` naming `source` for what is no record."""
    fields = decode_object(text, source, StoreError)
    fields.whole("format", FORMAT, FORMAT)
    refusals = fields.whole("refusals", 0, _MOST_REFUSALS)
    until_ns = (
        None if fields.take("locked_until_ns") is None else fields.whole("locked_until_ns", 0, 2**63 - 1)
    )
    is_same_boot = bool(boot) and fields.text("boot") == boot
    fields.take("boot")
    fields.done()
    if until_ns is None:
        return Lockout(rule, refusals)
    # The rule may have changed meanwhile: a pause under way stays one, and is never longer than the rule's longest.
    full_s = rule.pause_s(max(refusals, rule.refusals))
    left_ns = round(full_s * 1e9)
    if is_same_boot:
        left_ns = min(max(until_ns - now_ns, 0), left_ns)
    return Lockout(rule, refusals, now_ns + left_ns if left_ns else None)


def distrusted(rule: LockoutRule, now_ns: int) -> Lockout:
    """The lock-out where a record cannot be read: as strict as can be, because nobody knows what it held."""
    most = next(
        (
            count
            for count in range(rule.refusals, rule.refusals + 40)
            if rule.pause_s(count) == rule.longest_s
        ),
        rule.refusals + 40,
    )
    return Lockout(rule, most, now_ns + round(rule.longest_s * 1e9))
