"""Synthetic Vietnamese names: a common surname, a middle name and a given name drawn independently.

The lists are ordinary words of naming; a drawn name belongs to nobody in particular, as its id (000…) shows.
"""

from random import Random

_SURNAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Phan", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương", "Lý")
_SURNAME_WEIGHTS = (30, 11, 10, 7, 5, 5, 5, 3, 3, 3, 2, 2, 2, 1)

_MIDDLE_FEMALE = ("Thị", "Thị Thu", "Thị Hồng", "Thị Bích", "Ngọc", "Thanh", "Minh", "Phương")
_MIDDLE_MALE = ("Văn", "Đức", "Hữu", "Quang", "Minh", "Xuân", "Công", "Đình")

_GIVEN_FEMALE = (
    *("Anh", "Bình", "Chi", "Diệp", "Dung", "Duyên", "Giang", "Hà", "Hạnh", "Hằng", "Hiền", "Hoa", "Hoài"),
    *("Huệ", "Hương", "Lan", "Liên", "Linh", "Loan", "Mai", "My", "Nga", "Ngân", "Nhung", "Oanh", "Quyên"),
    *("Quỳnh", "Tâm", "Thảo", "Thơm", "Thuý", "Thương", "Trang", "Tuyết", "Uyên", "Vân", "Xuyến", "Yến"),
)
_GIVEN_MALE = (
    *("An", "Bách", "Bình", "Chiến", "Cường", "Dũng", "Duy", "Đạt", "Giang", "Hải", "Hiếu", "Hoà", "Hùng"),
    *("Huy", "Khánh", "Khoa", "Kiên", "Lâm", "Long", "Lực", "Mạnh", "Nam", "Nghĩa", "Phong", "Phúc", "Quân"),
    *("Sơn", "Tài", "Thái", "Thành", "Thắng", "Thịnh", "Toàn", "Trung", "Tuấn", "Tùng", "Việt", "Vinh"),
)


def draw_name(rng: Random, *, female_share: float = 0.7) -> str:
    """A full name in NFC, surname first; `female_share` is a probability."""
    (surname,) = rng.choices(_SURNAMES, _SURNAME_WEIGHTS)
    if rng.random() < female_share:
        return f"{surname} {rng.choice(_MIDDLE_FEMALE)} {rng.choice(_GIVEN_FEMALE)}"
    return f"{surname} {rng.choice(_MIDDLE_MALE)} {rng.choice(_GIVEN_MALE)}"
