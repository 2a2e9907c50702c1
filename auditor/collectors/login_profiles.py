"""Login profiles: whether users must set a new password at the next sign-in, from AWS's responses.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetLoginProfile.html
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from auditor.account.model import LoginProfile


class ProfileDetail(Struct, rename="pascal"):
    """AWS's LoginProfile; AWS leaves PasswordResetRequired out if it is false. Other keys are not kept."""

    user_name: str
    password_reset_required: bool = False


class ProfileAnswer(Struct, rename="pascal"):
    """AWS's response to GetLoginProfile, or several responses in one list."""

    login_profile: ProfileDetail | None = None
    login_profiles: list[ProfileDetail] | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for an object that is neither."""
        if (self.login_profile is None) is (self.login_profiles is None):
            raise ValueError("it holds neither LoginProfile nor LoginProfiles, or both")


def profiles_of(answers: Iterable[ProfileAnswer]) -> Iterator[LoginProfile]:
    """Yield the login profiles in responses, sorted by user name.

    Raises ValueError if two responses differ about one user.
    """
    found: dict[str, bool] = {}
    for answer in answers:
        for each in answer.login_profiles or filter(None, [answer.login_profile]):
            if found.setdefault(each.user_name, each.password_reset_required) is not each.password_reset_required:
                raise ValueError(f"two answers differ about {each.user_name}")
    yield from (LoginProfile(name, found[name]) for name in sorted(found))
