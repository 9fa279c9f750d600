"""What can be wrong with signing in. None says whether there is such an account."""

from shared.errors import Invalid


class WrongPassword(Invalid):
    code = "wrong_password"
    title = "The mail address or the password is wrong"


class WrongCode(Invalid):
    code = "wrong_code"
    title = "The code is wrong, or was used already"
