"""What can go wrong, as few classes with one root; each carries the exit code of the contract."""

from __future__ import annotations


class StenolakeError(Exception):
    """Root of the errors that Stenolake raises on purpose: `message` says what and where, `advice` what to do."""

    exit_code = 1

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message}\n  {self.advice}" if self.advice else self.message

    def __reduce__(self) -> tuple[type[StenolakeError], tuple[str, str]]:
        return (
            type(self),
            (self.message, self.advice),
        )  # survives the trip between processes


class UsageError(StenolakeError):
    """Wrong usage or configuration, or an input that is not there."""

    exit_code = 2


class RefusedError(StenolakeError):
    """A critical check on the whole batch failed; nothing was published."""

    exit_code = 4


class StorageError(StenolakeError):
    """Full disk, missing permission, input or output error."""

    exit_code = 5


class DamageError(StenolakeError):
    """`verify` found damage."""

    exit_code = 6


class SourceError(StenolakeError):
    """A source is unreachable, blocks us or limits our rate."""

    exit_code = 7


class UnsafeInputError(StenolakeError):
    """Input refused as unsafe."""

    exit_code = 8


class NoLakeError(StenolakeError):
    """There is no lake at that address."""

    exit_code = 10


class LakeHeldError(StenolakeError):
    """Another run holds the lake."""

    exit_code = 11
